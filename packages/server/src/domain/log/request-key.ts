import { createHash } from "node:crypto";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import type { Actor, Entry } from "@maru/protocol";
import { withSortedMaps } from "./sorted-maps.ts";

const millisecondsPerDay = 24 * 60 * 60 * 1000;

/** What makes a request recognisable when it comes again. */
export interface RequestKey {
  readonly value: string;
  /** Keys of different callers or senders never meet. The same as keyScopeOf makes of the entry that is written. */
  readonly scope: string;
  /** Hash of the whole request and of which request it is: the same key with another one is refused. */
  readonly requestHash: string;
  /** The key may have been used since then, by the key's own clock; undefined when it does not say. */
  readonly bornAtMs: number | undefined;
  /** The server made the key just now, so nobody can have used it before. */
  readonly madeHere: boolean;
}

/** `made` is used where the caller gave no key. */
export function toRequestKey<Desc extends DescMessage>(
  caller: string,
  actor: Actor | undefined,
  given: string,
  made: () => string,
  schema: Desc,
  request: MessageShape<Desc>,
): RequestKey {
  const value = given === "" ? made() : given;
  return {
    value,
    scope: keyScope(caller, actor, value),
    requestHash: requestHash(schema, request),
    bornAtMs: bornAtMs(value),
    madeHere: given === "",
  };
}

/** A key for what no caller asked for: nobody can have used it. */
export function madeKey(caller: string, actor: Actor, value: string): RequestKey {
  const scope = keyScope(caller, actor, value);
  return { value, scope, requestHash: value, bornAtMs: undefined, madeHere: true };
}

export function keyScope(caller: string, actor: Actor | undefined, key: string): string {
  return `${caller}\n${senderOf(actor)}\n${key}`;
}

export function keyScopeOf(entry: Entry): string {
  return keyScope(entry.caller, entry.actor, entry.idempotencyKey);
}

export function senderOf(actor: Actor | undefined): string {
  switch (actor?.kind.case) {
    case "userId":
      return `user ${actor.kind.value}`;
    case "service":
      return "service";
    case "system":
      return "system";
    default:
      return "";
  }
}

/** The time in a UUIDv7 (RFC 9562, 5.7); undefined for any other text. */
export function bornAtMs(key: string): number | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(key)) return undefined;
  return Number.parseInt(key.slice(0, 8) + key.slice(9, 13), 16);
}

/** Entries older than this cannot carry the key. Keys that do not say their age are looked for within a day. */
export function lookBackToMs(key: RequestKey, nowMs: number, maxSkewMs: number): number {
  return key.bornAtMs === undefined ? nowMs - millisecondsPerDay : key.bornAtMs - maxSkewMs;
}

export function requestHash<Desc extends DescMessage>(schema: Desc, request: MessageShape<Desc>): string {
  const bytes = toBinary(schema, withSortedMaps(schema, request));
  // Requests for different acts can have the same bytes: the name of the request keeps them apart.
  return createHash("sha256").update(`${schema.typeName}\n`).update(bytes).digest("base64url").slice(0, 22);
}
