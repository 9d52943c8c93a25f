import type { MemberPlace, StateChange } from "../domain/store.ts";

const MAX_MEMBERS = 90;
const MAX_TRANSACTION_ITEMS = 100;
const MAX_READS = 100;

/** A transaction holds at most 100 items: the entry, the room, members and earlier entries. */
export function requireFits(change: StateChange): void {
  const members = change.members?.length ?? 0;
  if (members > MAX_MEMBERS)
    throw new RangeError(`a state change holds at most ${MAX_MEMBERS} members, not ${members}`);
  const items = 2 + members + (change.entries?.length ?? 0);
  if (items > MAX_TRANSACTION_ITEMS)
    throw new RangeError(`a state change holds at most ${MAX_TRANSACTION_ITEMS} items, not ${items}`);
}

export function requireReadCount(count: number): void {
  if (count > MAX_READS) throw new RangeError(`at most ${MAX_READS} items are read at once, not ${count}`);
}

export function requireReadSeq(seq: number): void {
  if (!Number.isInteger(seq) || seq < 1) throw new RangeError(`a room is read up to an entry from 1 on, not ${seq}`);
}

/** The table refuses a key that is asked for twice. */
export function distinctPlaces(places: readonly MemberPlace[]): MemberPlace[] {
  return [...new Map(places.map((place) => [`${place.roomId}\n${place.userId}`, place])).values()];
}
