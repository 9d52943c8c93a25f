import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { ActorSchema, EntrySchema, RoomEventSchema, ServiceActorSchema } from "@maru/protocol";
import type { EventKind } from "./handlers.ts";
import { ScannedEvent } from "./scanned-event.ts";
import { asciiText, lengthTag, numberTag, WireScan } from "./wire-scan.ts";

/** What a body's field says of an entry. */
interface BodyPlan {
  readonly kind: EventKind;
  readonly type: string;
  readonly typeBytes: Uint8Array;
  readonly schema: DescMessage;
}

const plans = new Map<number, BodyPlan>(
  EntrySchema.oneofs.flatMap(({ fields }) =>
    fields.flatMap(({ number, name, localName, message }) => {
      if (message === undefined) return [];
      const typeBytes = new TextEncoder().encode(name);
      return [[lengthTag(number), { kind: localName as EventKind, type: name, typeBytes, schema: message }] as const];
    }),
  ),
);

const event = RoomEventSchema.field;
const ENTRY = lengthTag(event.entry.number);
const COMMITTED_AT = lengthTag(event.committedAt.number);
const RELAYED_AT = lengthTag(event.relayedAt.number);
const HEALED = numberTag(event.healed.number);
const STREAMED_AT = lengthTag(event.streamedAt.number);

const entry = EntrySchema.field;
const ROOM_ID = lengthTag(entry.roomId.number);
const SEQ = numberTag(entry.seq.number);
const TYPE = lengthTag(entry.type.number);
const ACTOR = lengthTag(entry.actor.number);
const CALLER = lengthTag(entry.caller.number);
const CREATED_AT = lengthTag(entry.createdAt.number);
const STATE_SEQ = numberTag(entry.stateSeq.number);
const IDEMPOTENCY_KEY = lengthTag(entry.idempotencyKey.number);
const TRACEPARENT = lengthTag(entry.traceparent.number);

const USER_ID = lengthTag(ActorSchema.field.userId.number);
const SERVICE = lengthTag(ActorSchema.field.service.number);
const SYSTEM = lengthTag(ActorSchema.field.system.number);
const SERVICE_NAME = lengthTag(ServiceActorSchema.field.name.number);

/** Stands for a tag when the bytes are over; no tag is like it. */
const END = -2;

/** A decoder counts levels of nesting, up to 100, and there are two around a body. */
const bodyOptions = { recursionLimit: 98 };

/**
 * Reads an event as the relay writes it, and decodes only its body: handlers look at that, and at little else. Undefined for
 * whatever is unusual in any way, wrong or new: the real decoder says what it is. What is not decoded is looked at closely
 * enough to know that it can be. Throws what the decoder throws for the body.
 */
export function scanEvent(bytes: Uint8Array, key: Uint8Array): ScannedEvent | undefined {
  const scan = new WireScan(bytes);
  if (scan.number() !== ENTRY) return undefined;
  const entryEnd = scan.end();
  if (scan.number() !== ROOM_ID || !scan.textLike(key) || key.length === 0) return undefined;
  const seq = scan.number() === SEQ ? scan.number() : 0;
  const typeEnd = seq > 0 && scan.number() === TYPE ? scan.end() : -1;
  if (typeEnd < 0) return undefined;
  const typeAt = scan.pos;
  scan.pos = typeEnd;
  const plan = plans.get(scanToBody(scan));
  if (plan === undefined || scan.end() !== entryEnd) return undefined;
  if (typeEnd - typeAt !== plan.typeBytes.length || !scan.isAt(typeAt, plan.typeBytes)) return undefined;
  const bodyAt = scan.pos;
  scan.pos = entryEnd;
  const healed = scanStamps(scan);
  if (healed === undefined) return undefined;
  const body = fromBinary(plan.schema, bytes.subarray(bodyAt, entryEnd), bodyOptions);
  return new ScannedEvent(asciiText(key), seq, plan, body, healed, bytes, entryEnd);
}

/** Steps over what an entry has between its type and its body, and says the body's tag; `-1` when something is unusual. */
function scanToBody(scan: WireScan): number {
  let tag = scan.number();
  if (tag === ACTOR) tag = scanActor(scan) ? scan.number() : -1;
  if (tag === CALLER) tag = scan.text() ? scan.number() : -1;
  if (tag === CREATED_AT) tag = scan.timestamp() ? scan.number() : -1;
  if (tag === STATE_SEQ) tag = scan.number() < 0 ? -1 : scan.number();
  if (tag === IDEMPOTENCY_KEY) tag = scan.text() ? scan.number() : -1;
  if (tag === TRACEPARENT) tag = scan.text() ? scan.number() : -1;
  return tag;
}

/** Steps over an actor: a user, a service with a name, or the system. */
function scanActor(scan: WireScan): boolean {
  const end = scan.end();
  if (end < 0) return false;
  const tag = scan.number();
  if (tag === USER_ID) return scan.text() && scan.pos === end;
  if (tag === SERVICE && scan.end() === end) {
    if (scan.pos === end) return true;
    return scan.number() === SERVICE_NAME && scan.text() && scan.pos === end;
  }
  return tag === SYSTEM && scan.end() === end && scan.pos === end;
}

/** Steps over what follows the entry, to the end, and says whether it is healed; undefined when something is unusual. */
function scanStamps(scan: WireScan): boolean | undefined {
  const { length } = scan.bytes;
  const next = () => (scan.pos < length ? scan.number() : END);
  let tag = next();
  if (tag === COMMITTED_AT) tag = scan.timestamp() ? next() : -1;
  if (tag === RELAYED_AT) tag = scan.timestamp() ? next() : -1;
  const healed = tag === HEALED;
  if (healed) tag = scan.number() === 1 ? next() : -1;
  if (tag === STREAMED_AT) tag = scan.timestamp() ? next() : -1;
  return tag === END ? healed : undefined;
}
