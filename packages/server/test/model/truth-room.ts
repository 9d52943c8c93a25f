import type { Entry } from "@maru/protocol";

/** What the log says of the room itself. */
export interface TruthRoom {
  readonly title: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly frozen: boolean;
  readonly closed: boolean;
}

export const emptyRoom: TruthRoom = { title: "", attributes: {}, frozen: false, closed: false };

/** The room behind an entry; undefined when the entry says nothing of it. */
export function foldRoom(room: TruthRoom, { body }: Entry): TruthRoom | undefined {
  switch (body.case) {
    case "roomCreated":
      return { ...emptyRoom, title: body.value.title, attributes: body.value.attributes };
    case "roomUpdated": {
      const { changedFields, title, attributes } = body.value;
      return {
        ...room,
        title: changedFields.includes("title") ? title : room.title,
        attributes: changedFields.includes("attributes") ? attributes : room.attributes,
      };
    }
    case "roomFrozen":
      return { ...room, frozen: true };
    case "roomUnfrozen":
      return { ...room, frozen: false };
    case "roomClosed":
      return { ...room, closed: true };
    default:
      return undefined;
  }
}

/** As text, to compare: the order of attributes is nobody's business. */
export function roomText({ title, attributes, frozen, closed }: TruthRoom): string {
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([title, sorted, frozen, closed]);
}
