import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry } from "@maru/protocol";
import { keyScopeOf } from "./request-key.ts";

interface Use {
  readonly seq: number;
  readonly createdAtMs: number;
}

/** The keys of a room's newest entries, without holes from `fromSeq` to the tail. */
export interface RecentKeys {
  readonly uses: Map<string, Use>;
  /** Every entry from this number to the tail is known. */
  fromSeq: number;
  /** When that entry was made. */
  fromCreatedAtMs: number;
}

export function recentKeysOf(entriesOldestFirst: readonly Entry[]): RecentKeys {
  const first = entriesOldestFirst[0];
  const keys: RecentKeys = { uses: new Map(), fromSeq: first?.seq ?? 1, fromCreatedAtMs: createdAtMs(first) };
  for (const entry of entriesOldestFirst) addNewest(keys, entry);
  return keys;
}

export function addNewest(keys: RecentKeys, entry: Entry): void {
  const scope = keyScopeOf(entry);
  keys.uses.delete(scope);
  keys.uses.set(scope, { seq: entry.seq, createdAtMs: createdAtMs(entry) });
}

/** `older` ends right before `fromSeq`. */
export function addOlder(keys: RecentKeys, olderOldestFirst: readonly Entry[]): void {
  const first = olderOldestFirst[0];
  if (first === undefined) return;
  const newer = [...keys.uses];
  keys.uses.clear();
  for (const entry of olderOldestFirst) addNewest(keys, entry);
  for (const [scope, use] of newer) {
    keys.uses.delete(scope);
    keys.uses.set(scope, use);
  }
  keys.fromSeq = first.seq;
  keys.fromCreatedAtMs = createdAtMs(first);
}

/** Forgets the oldest keys beyond `keepCount`, but none made at or after `keepFromMs`. */
export function trim(keys: RecentKeys, keepCount: number, keepFromMs: number): void {
  let surplus = keys.uses.size - keepCount;
  for (const [scope, use] of keys.uses) {
    if (surplus <= 0 || use.createdAtMs >= keepFromMs) {
      keys.fromSeq = use.seq;
      keys.fromCreatedAtMs = use.createdAtMs;
      return;
    }
    keys.uses.delete(scope);
    surplus--;
  }
}

/** Whether every entry made at or after `sinceMs` is known. Times never go back within a room, so one look suffices. */
export function coversSince(keys: RecentKeys, sinceMs: number): boolean {
  return keys.fromSeq <= 1 || keys.fromCreatedAtMs < sinceMs;
}

function createdAtMs(entry: Entry | undefined): number {
  return entry?.createdAt === undefined ? 0 : timestampMs(entry.createdAt);
}
