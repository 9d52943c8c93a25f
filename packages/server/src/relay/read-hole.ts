import type { LoggedEntry, Store } from "../domain/store.ts";
import { ShardBlockedError } from "./shard-blocked.ts";

const PAGE_SIZE = 100;

export interface Hole {
  readonly roomId: string;
  readonly from: number;
  readonly to: number;
}

/** The entries of a hole from the table, one after the other. Throws ShardBlockedError when one cannot be had. */
export async function* readHole(store: Pick<Store, "readEntries">, hole: Hole): AsyncGenerator<LoggedEntry> {
  const { roomId, to } = hole;
  let next = hole.from;
  while (next <= to) {
    const limit = Math.min(PAGE_SIZE, to - next + 1);
    const entries = await store.readEntries({ roomId, after: next - 1, before: to + 1, limit });
    for (const logged of entries) {
      yield checked(logged, roomId, next);
      next++;
    }
    if (entries.length < limit) requireEnd(roomId, next, to);
  }
}

function checked(logged: LoggedEntry, roomId: string, expectedSeq: number): LoggedEntry {
  const { seq, type, body } = logged.entry;
  requireEnd(roomId, expectedSeq, seq - 1);
  if (body.case === undefined) throw unknownEntryType(type, roomId, seq);
  return logged;
}

function requireEnd(roomId: string, next: number, lastMissing: number): void {
  if (next > lastMissing) return;
  throw new ShardBlockedError(
    "missing_entry",
    `entry ${roomId}/${next} is neither in the table's stream nor in the table`,
  );
}

export function unknownEntryType(type: string, roomId: string, seq: number): ShardBlockedError {
  return new ShardBlockedError(
    "unknown_entry_type",
    `entry ${roomId}/${seq} has the type "${type}", which this version does not know or must not read: upgrade the relay`,
  );
}
