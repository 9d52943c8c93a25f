import type { LoggedEntry, Store } from "../domain/store.ts";
import { ShardBlockedError } from "./shard-blocked.ts";

const PAGE_SIZE = 100;
/** More of them in a row are no item that somebody deleted: somebody must look before readers hear of so many. */
const MAX_MISSING = 1_000;

export interface Hole {
  readonly roomId: string;
  readonly from: number;
  readonly to: number;
}

/** A number of a hole: its entry, or why there is none. */
export type HolePart =
  | { readonly kind: "entry"; readonly entry: LoggedEntry }
  /** Retention removed it. */
  | { readonly kind: "purged"; readonly seq: number }
  | { readonly kind: "missing"; readonly seq: number }
  /** Its item is no entry. */
  | { readonly kind: "unreadable"; readonly seq: number; readonly why: string };

/** Each number of a hole, one after the other, from the table. Throws ShardBlockedError where it must not go on. */
export async function* readHole(
  store: Pick<Store, "readEntries" | "readRoom">,
  { roomId, from, to }: Hole,
): AsyncGenerator<HolePart> {
  let next = from;
  let purgedBelow: number | undefined;
  const absent = async function* (upTo: number): AsyncGenerator<HolePart> {
    if (next > upTo) return;
    purgedBelow ??= (await store.readRoom(roomId))?.purgedBelow ?? 0;
    const missingFrom = Math.max(next, purgedBelow);
    if (upTo - missingFrom >= MAX_MISSING) throw missingEntries(roomId, missingFrom, upTo);
    for (; next <= upTo; next++) yield { kind: next < purgedBelow ? "purged" : "missing", seq: next };
  };
  while (next <= to) {
    const limit = Math.min(PAGE_SIZE, to - next + 1);
    const entries = await store.readEntries({ roomId, after: next - 1, before: to + 1, limit });
    for (const logged of entries) {
      yield* absent(logged.entry.seq - 1);
      yield toPart(logged);
      next++;
    }
    if (entries.length < limit) yield* absent(to);
  }
}

function toPart(entry: LoggedEntry): HolePart {
  const { roomId, seq, type, body } = entry.entry;
  if (entry.unreadable !== undefined) return { kind: "unreadable", seq, why: entry.unreadable };
  if (body.case === undefined) throw unknownEntryType(type, roomId, seq);
  return { kind: "entry", entry };
}

function missingEntries(roomId: string, from: number, to: number): ShardBlockedError {
  return new ShardBlockedError(
    "missing_entries",
    `the entries ${roomId}/${from} to ${to} are neither in the table's stream nor in the table`,
  );
}

export function unknownEntryType(type: string, roomId: string, seq: number): ShardBlockedError {
  return new ShardBlockedError(
    "unknown_entry_type",
    `entry ${roomId}/${seq} has the type "${type}", which this version does not know or must not read: upgrade the relay`,
  );
}
