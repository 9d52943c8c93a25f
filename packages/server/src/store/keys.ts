import { createHash } from "node:crypto";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** What an item of the table is, by its sort key. */
export type ItemKind =
  | { readonly kind: "entry"; readonly seq: number }
  | { readonly kind: "meta" }
  | { readonly kind: "member"; readonly userId: string }
  | { readonly kind: "unknown" };

export type ItemKey = { room_id: AttributeValue.SMember; sk: AttributeValue.SMember };

const HIGHEST_SEQ = 0xffff_ffff;
const LOG = "log#";
const MEMBER = "member#";
const META = "meta";

export function entrySortKey(seq: number): string {
  return LOG + String(seq).padStart(10, "0");
}

export function entryKey(roomId: string, seq: number): ItemKey {
  return { room_id: { S: roomId }, sk: { S: entrySortKey(seq) } };
}

export function metaKey(roomId: string): ItemKey {
  return { room_id: { S: roomId }, sk: { S: META } };
}

export function memberKey(roomId: string, userId: string): ItemKey {
  return { room_id: { S: roomId }, sk: { S: MEMBER + userId } };
}

/** First and last sort key of the members behind a user. User ids hold no control character, so NUL comes right behind. */
export function memberKeyRange(afterUserId: string | undefined): { first: string; last: string } {
  return { first: afterUserId === undefined ? MEMBER : `${MEMBER}${afterUserId}\u0000`, last: "member$" };
}

/** Lowest and highest number of a range; undefined when there can be none. */
export function seqRange(after = 0, before = HIGHEST_SEQ + 1): { lowest: number; highest: number } | undefined {
  const lowest = Math.max(after + 1, 0);
  const highest = Math.min(before - 1, HIGHEST_SEQ);
  return lowest <= highest ? { lowest, highest } : undefined;
}

export function itemKind(sortKey: string): ItemKind {
  if (sortKey === META) return { kind: "meta" };
  if (sortKey.startsWith(MEMBER)) return { kind: "member", userId: sortKey.slice(MEMBER.length) };
  if (/^log#\d{10}$/.test(sortKey)) return { kind: "entry", seq: Number(sortKey.slice(LOG.length)) };
  return { kind: "unknown" };
}

/** The index partition in which jobs find the room. */
export function roomOwner(roomId: string): string {
  return bucketOwner(roomBucketOf(roomId));
}

export function bucketOwner(bucket: number): string {
  return `#rooms#${bucket}`;
}

/** Into so many index partitions held messages go. */
export const heldBucketCount = 16;

/** The index partition in which the job that lets holds expire finds the room's held messages. */
export function heldOwner(roomId: string): string {
  return heldBucketOwner(heldBucketOf(roomId));
}

export function heldBucketOf(roomId: string): number {
  return firstHashByte(roomId) % heldBucketCount;
}

export function heldBucketOwner(bucket: number): string {
  return `#held#${bucket}`;
}

/** Which of the `roomBucketCount` buckets the room falls into. */
export function roomBucketOf(roomId: string): number {
  return firstHashByte(roomId);
}

function firstHashByte(roomId: string): number {
  return createHash("sha256").update(roomId).digest()[0] ?? 0;
}
