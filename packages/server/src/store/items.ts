import type { Message } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  ActorSchema,
  type Entry,
  EntrySchema,
  HoldState,
  ImportedSchema,
  type Member,
  MemberSchema,
  type Room,
  RoomSchema,
} from "@maru/protocol";
import type { LoggedEntry } from "../domain/store.ts";
import { type AttributeMap, mapOf } from "./attribute-map.ts";
import { decodeMessage, type OnMismatch } from "./decode-message.ts";
import { encodeMessage } from "./encode-message.ts";
import { bodyFieldOfType, requireBodyField } from "./entry-type.ts";
import { entrySortKey, heldOwner, itemKind, metaKey } from "./keys.ts";
import { fromRecordAttributes, recordAttributes } from "./message-record.ts";
import { parseTimestampText, timestampText } from "./timestamp-text.ts";

/** Rises only when an older version must not read what a newer one writes. New attributes do not need it. */
export const ITEM_VERSION = 1;
export const VERSION_ATTRIBUTE = { N: String(ITEM_VERSION) };

export function toItem(logged: LoggedEntry): AttributeMap {
  const { entry } = logged;
  const body = requireBodyField(entry);
  const item: AttributeMap = {
    ...recordAttributes(logged.record),
    room_id: { S: entry.roomId },
    sk: { S: entrySortKey(entry.seq) },
    v: VERSION_ATTRIBUTE,
    type: { S: body.type },
    seq: { N: String(entry.seq) },
    caller: { S: entry.caller },
    state_seq: { N: String(entry.stateSeq) },
    idempotency_key: { S: entry.idempotencyKey },
    appended_at: { S: new Date(logged.appendedAtMs).toISOString() },
    body: { M: encodeMessage(body.message, entry.body.value as Message) },
  };
  if (entry.actor !== undefined) item.actor = { M: encodeMessage(ActorSchema, entry.actor) };
  if (entry.createdAt !== undefined) item.created_at = { S: timestampText(entry.createdAt) };
  if (entry.imported !== undefined) item.imported = { M: encodeMessage(ImportedSchema, entry.imported) };
  if (entry.traceparent !== "") item.traceparent = { S: entry.traceparent };
  if (logged.requestHash !== undefined) item.request_hash = { S: logged.requestHash };
  if (isHeld(entry.body)) item.owner = { S: heldOwner(entry.roomId) };
  return item;
}

/** A held message is in the index, so that a job finds it when it expires. */
export function isHeld(body: Entry["body"]): boolean {
  return body.case === "messageSent" && body.value.holdState === HoldState.HELD;
}

/** Never throws. The body stays unset when this version does not know the type, or the item is of a later version. */
export function fromItem(item: AttributeMap): LoggedEntry {
  const mismatched: string[] = [];
  const onMismatch: OnMismatch = (name) => void mismatched.push(name);
  const entry = decodeMessage(EntrySchema, item, onMismatch);
  const key = itemKind(item.sk?.S ?? "");
  if (key.kind === "entry") entry.seq = key.seq;
  const field = isReadable(item) ? bodyFieldOfType(entry.type) : undefined;
  const body = mapOf(item.body);
  if (field !== undefined && body !== undefined) {
    const value = decodeMessage(field.message, body, onMismatch);
    entry.body = { case: field.localName, value } as Entry["body"];
  }
  const record = fromRecordAttributes(item, onMismatch);
  const unreadable = unreadableWhy(item, mismatched);
  return {
    entry,
    requestHash: item.request_hash?.S,
    appendedAtMs: appendedAtMs(item),
    ...(record !== undefined && { record }),
    ...(unreadable !== undefined && { unreadable }),
  };
}

/** What a newer version wrote is not known, which is another matter. */
function unreadableWhy(item: AttributeMap, mismatched: readonly string[]): string | undefined {
  const type = item.type?.S;
  if (type === undefined) return "it has no type";
  if (!isReadable(item) || bodyFieldOfType(type) === undefined) return undefined;
  if (mapOf(item.body) === undefined) return "it has no body";
  if (item.created_at === undefined) return "it has no created_at";
  const key = itemKind(item.sk?.S ?? "");
  if (key.kind !== "entry" || Number(item.seq?.N) !== key.seq) return "its seq is not that of its key";
  if (mismatched.length > 0) return `values are not of their types: ${mismatched.join(", ")}`;
  return undefined;
}

/** Whether this version may interpret the item. */
export function isReadable(item: AttributeMap): boolean {
  return Number(item.v?.N ?? ITEM_VERSION) <= ITEM_VERSION;
}

/** Without `lastSeq` and `lastEntryAt`. */
export function fromMetaItem(item: AttributeMap): Room {
  return decodeMessage(RoomSchema, item);
}

/**
 * In the place of a room's `meta`: the id is that of another room. There the condition of a creation meets it.
 */
export function toAliasItem(roomId: string, aliasOf: string): AttributeMap {
  return { ...metaKey(roomId), v: VERSION_ATTRIBUTE, alias_of: { S: aliasOf } };
}

export function aliasOf(item: AttributeMap): string | undefined {
  return item.alias_of?.S;
}

export function fromMemberItem(item: AttributeMap): Member {
  const member = decodeMessage(MemberSchema, item);
  const key = itemKind(item.sk?.S ?? "");
  return key.kind === "member" ? Object.assign(member, { userId: key.userId }) : member;
}

function appendedAtMs(item: AttributeMap): number {
  const at = parseTimestampText(item.appended_at?.S ?? item.created_at?.S ?? "");
  return at === undefined ? 0 : timestampMs(at);
}
