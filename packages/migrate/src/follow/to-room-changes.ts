import type { Mapping, TableMapping } from "../mapping/mapping.ts";
import type { MessageWithAttachments } from "../room-log/imported-message.ts";
import { changePosition, type Position } from "../room-log/position.ts";
import type { SourceParticipant, SourceRoom } from "../room-log/source-rows.ts";
import { fieldsByName, toAttachment, toParticipant, toRoom, toSourceMessage } from "../source/to-source-row.ts";
import type { RowChange, SourceTransaction } from "./replication.ts";

/** What a row's change means for a room. */
export type RoomChange = { readonly position: Position; readonly atMs: number } & (
  | { readonly kind: "room_created"; readonly room: SourceRoom; readonly participants: readonly SourceParticipant[] }
  | { readonly kind: "room_changed"; readonly before: SourceRoom; readonly room: SourceRoom }
  | { readonly kind: "room_deleted"; readonly room: SourceRoom }
  | {
      readonly kind: "participant";
      readonly before: SourceParticipant | undefined;
      readonly now: SourceParticipant | undefined;
    }
  | {
      readonly kind: "message";
      readonly before: MessageWithAttachments | undefined;
      readonly now: MessageWithAttachments;
    }
  | { readonly kind: "message_deleted"; readonly before: MessageWithAttachments }
  /** Attachments of a message that was there before. */
  | { readonly kind: "attachments"; readonly messageId: string }
  | { readonly kind: "moved"; readonly side: "postgresql" | "maru" }
);

export interface PlacedChange {
  /** In the source; undefined where the row does not say: `messageId` then leads to it. */
  readonly roomId: string | undefined;
  readonly messageId?: string;
  readonly change: RoomChange;
}

/** What a transaction changes, room by room in its order. A new room comes with those who join it in the same transaction. */
export function toRoomChanges(mapping: Mapping, transaction: SourceTransaction): PlacedChange[] {
  const { commitLsn, committedAtMs, changes } = transaction;
  const placed: PlacedChange[] = [];
  const is = (table: TableMapping | undefined, change: RowChange) =>
    table !== undefined && table.table === change.table && table.schema === change.schema;
  const newAttachments = Map.groupBy(
    changes
      .filter((change) => is(mapping.attachments, change))
      .flatMap((change) => {
        const row = change.new ?? change.old;
        return row === undefined || mapping.attachments === undefined
          ? []
          : [toAttachment(fieldsByName(mapping.attachments, row))];
      }),
    ({ messageId = "" }) => messageId,
  );
  const madeMessages = new Set<string>();
  const founders = foundersOf(mapping, changes);
  for (const [index, row] of changes.entries()) {
    const at = { position: changePosition(commitLsn, index), atMs: committedAtMs };
    const read = <T>(table: TableMapping, to: (of: ReturnType<typeof fieldsByName>) => T) => ({
      before: row.old === undefined ? undefined : to(fieldsByName(table, row.old)),
      now: row.new === undefined ? undefined : to(fieldsByName(table, row.new)),
    });
    if (row.schema === "maru_migrate" && row.table === "authority") {
      const { room_id: roomId, side } = row.new ?? {};
      const moved = row.old?.side !== side && roomId !== "0" && roomId != null;
      if (moved && (side === "maru" || side === "postgresql"))
        placed.push({ roomId, change: { ...at, kind: "moved", side } });
    } else if (is(mapping.rooms, row)) {
      const { before, now } = read(mapping.rooms, toRoom);
      if (now === undefined) {
        if (before !== undefined)
          placed.push({ roomId: before.id, change: { ...at, kind: "room_deleted", room: before } });
      } else if (row.kind === "insert") {
        const participants = founders.get(now.id) ?? [];
        placed.push({ roomId: now.id, change: { ...at, kind: "room_created", room: now, participants } });
      } else placed.push({ roomId: now.id, change: { ...at, kind: "room_changed", before: before ?? now, room: now } });
    } else if (is(mapping.participants, row)) {
      const { before, now } = read(mapping.participants, toParticipant);
      const isFounder = row.kind === "insert" && founders.get(now?.roomId ?? "")?.some(({ id }) => id === now?.id);
      if (!isFounder)
        placed.push({ roomId: now?.roomId ?? before?.roomId, change: { ...at, kind: "participant", before, now } });
    } else if (is(mapping.messages, row)) {
      const { before, now } = read(mapping.messages, toSourceMessage);
      const attachments = row.kind === "insert" ? (newAttachments.get(now?.id ?? "") ?? []) : [];
      const old = before && { ...before, attachments: [] };
      if (row.kind === "insert" && now !== undefined) madeMessages.add(now.id);
      if (now !== undefined)
        placed.push({
          roomId: now.roomId,
          change: { ...at, kind: "message", before: old, now: { ...now, attachments } },
        });
      else if (old !== undefined)
        placed.push({ roomId: old.roomId, change: { ...at, kind: "message_deleted", before: old } });
    } else if (is(mapping.attachments, row) && mapping.attachments !== undefined) {
      const one = toAttachment(fieldsByName(mapping.attachments, row.new ?? row.old ?? {}));
      const messageId = one.messageId ?? "";
      if (!madeMessages.has(messageId))
        placed.push({ roomId: undefined, messageId, change: { ...at, kind: "attachments", messageId } });
    }
  }
  return placed;
}

/** Who joins a room in the transaction that makes it. */
function foundersOf(mapping: Mapping, changes: readonly RowChange[]): Map<string, SourceParticipant[]> {
  const inserted = (table: TableMapping) =>
    changes.filter(
      (change) => change.kind === "insert" && change.table === table.table && change.schema === table.schema,
    );
  const rooms = new Set(
    inserted(mapping.rooms).map(({ new: row }) => toRoom(fieldsByName(mapping.rooms, row ?? {})).id),
  );
  const participants = inserted(mapping.participants).map(({ new: row }) =>
    toParticipant(fieldsByName(mapping.participants, row ?? {})),
  );
  const founders = participants.filter(
    ({ roomId = "", leftAt, userId }) => rooms.has(roomId) && leftAt === undefined && userId !== undefined,
  );
  return Map.groupBy(founders, ({ roomId = "" }) => roomId);
}
