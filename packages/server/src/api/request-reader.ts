import type { DescField, DescMessage, DescMethod, Message } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { type Actor, ActorSchema } from "@maru/protocol";

/**
 * Which rooms a call reaches, as its request says it:
 * `rooms` names them; `kind` names the kind of the one to be made or found; `kinds` names kinds, none meaning all;
 * `roomless`: none; `all`: nothing in the request narrows it.
 */
export type Reach = "rooms" | "kind" | "kinds" | "roomless" | "all";

/** What the steps around a method read from its requests. Made from the descriptor, so that no method is forgotten. */
export interface RequestReader {
  readonly reach: Reach;
  /** Undefined where the request has no actor, or none is set. */
  actorOf(request: Message): Actor | undefined;
  roomIdsOf(request: Message): readonly string[];
  kindsOf(request: Message): readonly string[];
  /** What the call is about, without anything that somebody wrote. */
  subjectOf(request: Message): Readonly<Record<string, unknown>>;
}

type Read<T> = (request: Message) => T;

/** Types of cards belong to no room, nor do users' connections. Services that are not named here are taken to reach rooms. */
const roomlessServices = new Set(["maru.chat.v1.CardService", "maru.chat.v1.PresenceService"]);
const subjectFields = ["user_id", "job_id", "types"];

export function requestReader({ input, parent }: DescMethod): RequestReader {
  const actor = input.fields.find(
    ({ name, message }) => name === "actor" && message?.typeName === ActorSchema.typeName,
  );
  const rooms = roomIdReaders(input);
  const kind = textFieldsOf(input, ["kind"]).map(readText);
  const kinds = textFieldsOf(input, ["kinds"]).map(readText);
  const subject = input.fields.filter(({ name }) => subjectFields.includes(name));
  const readKinds = kind.length > 0 ? kind : kinds;
  return {
    reach: reachOf(parent.typeName, { rooms: rooms.length > 0, kind: kind.length > 0, kinds: kinds.length > 0 }),
    actorOf: (request) => (actor === undefined ? undefined : (fieldOf(request, actor) as Actor | undefined)),
    roomIdsOf: (request) => rooms.flatMap((read) => read(request)),
    kindsOf: (request) => readKinds.flatMap((read) => read(request)),
    subjectOf: (request) => Object.fromEntries(subject.map((field) => [field.name, fieldOf(request, field)])),
  };
}

function reachOf(
  service: string,
  named: { readonly rooms: boolean; readonly kind: boolean; readonly kinds: boolean },
): Reach {
  // Beside a room's id, kinds are something else: those of reactions, for example.
  if (named.rooms) return "rooms";
  if (named.kind) return "kind";
  if (named.kinds) return "kinds";
  return roomlessServices.has(service) ? "roomless" : "all";
}

/** Readers of all ids of rooms in the request, and in the messages that lie in it. */
function roomIdReaders(input: DescMessage): Read<string[]>[] {
  const names = ["room_id", "room_ids"];
  const inside = input.fields.flatMap((field): Read<string[]>[] => {
    if (field.message === undefined || field.fieldKind === "map") return [];
    return textFieldsOf(field.message, names).map((text) => {
      const read = readText(text);
      return (request) => (listed(fieldOf(request, field)) as Message[]).flatMap(read);
    });
  });
  return [...textFieldsOf(input, names).map(readText), ...inside];
}

function readText(field: DescField): Read<string[]> {
  return (request) => listed(fieldOf(request, field)) as string[];
}

function textFieldsOf(message: DescMessage, names: readonly string[]): DescField[] {
  return message.fields.filter((field) => names.includes(field.name) && isText(field));
}

function isText(field: DescField): boolean {
  const isOne = field.fieldKind === "scalar" && field.oneof === undefined;
  return (isOne || (field.fieldKind === "list" && field.listKind === "scalar")) && field.scalar === ScalarType.STRING;
}

function fieldOf(message: Message, { localName }: DescField): unknown {
  return Reflect.get(message, localName);
}

function listed(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
