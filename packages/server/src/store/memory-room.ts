import { clone, create } from "@bufbuild/protobuf";
import { EntrySchema, type Member, MemberSchema, type Room, RoomSchema } from "@maru/protocol";
import type {
  EntryChange,
  EntryRange,
  LoggedEntry,
  MemberChange,
  MessageRecord,
  StateChange,
} from "../domain/store.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { seqRange } from "./keys.ts";

/** A room as the memory store holds it. */
export interface MemoryRoom {
  /** Ascending, with the gaps that retention made. */
  readonly entries: LoggedEntry[];
  readonly members: Map<string, Member>;
  meta: Room | undefined;
}

export function emptyRoom(): MemoryRoom {
  return { entries: [], members: new Map(), meta: undefined };
}

export function findEntry(room: MemoryRoom, seq: number): LoggedEntry | undefined {
  const found = room.entries[indexFrom(room, seq)];
  return found?.entry.seq === seq ? found : undefined;
}

export function insertEntry(room: MemoryRoom, logged: LoggedEntry): void {
  room.entries.splice(indexFrom(room, logged.entry.seq), 0, logged);
}

export function removeEntry(room: MemoryRoom, seq: number): void {
  if (findEntry(room, seq) !== undefined) room.entries.splice(indexFrom(room, seq), 1);
}

export function sliceEntries(room: MemoryRoom, range: EntryRange): LoggedEntry[] {
  const seqs = seqRange(range.after, range.before);
  if (seqs === undefined || range.limit <= 0) return [];
  const [start, end] = [indexFrom(room, seqs.lowest), indexFrom(room, seqs.highest + 1)];
  if (!range.newestFirst) return room.entries.slice(start, Math.min(end, start + range.limit));
  return room.entries.slice(Math.max(start, end - range.limit), end).reverse();
}

/** Whether all earlier entries that the change rewrites are still there. */
export function hasEntries(room: MemoryRoom, change: StateChange): boolean {
  return (change.entries ?? []).every(({ seq }) => findEntry(room, seq) !== undefined);
}

export function changeState(room: MemoryRoom, roomId: string, stateSeq: number, change: StateChange): void {
  const before = change.create ?? room.meta;
  if (before === undefined) throw new TypeError(`room ${roomId} has no state to change`);
  const meta = clone(RoomSchema, before);
  for (const [name, value] of Object.entries(change.room ?? {}))
    if (value !== undefined) Object.assign(meta, { [name]: structuredClone(value) });
  if (change.pinnedSeqs !== undefined) meta.pinnedSeqs = [...change.pinnedSeqs];
  room.meta = Object.assign(meta, { roomId, stateSeq, lastSeq: 0, lastEntryAt: undefined });
  for (const member of change.members ?? []) changeMember(room, roomId, member);
  for (const entry of change.entries ?? []) changeEntry(room, entry);
}

function changeMember(room: MemoryRoom, roomId: string, { userId, ...changed }: MemberChange): void {
  const member = room.members.get(userId) ?? create(MemberSchema, { roomId, userId });
  room.members.set(userId, Object.assign(member, structuredClone(changed)));
}

function changeEntry(room: MemoryRoom, { seq, body, record, withoutRequestHash }: EntryChange): void {
  const index = indexFrom(room, seq);
  const before = room.entries[index] as LoggedEntry;
  const entry = deepFreeze(clone(EntrySchema, { ...before.entry, body }));
  const requestHash = withoutRequestHash ? undefined : before.requestHash;
  const kept = isEmptyRecord(record) ? undefined : record;
  room.entries[index] = Object.freeze({ entry, requestHash, appendedAtMs: before.appendedAtMs, record: kept });
}

function isEmptyRecord(record: MessageRecord | undefined): boolean {
  return (
    record === undefined ||
    (record.contentSeqs.length === 0 && record.original === undefined && record.reactions.size === 0)
  );
}

/** Index of the first entry with this number or a higher one. */
function indexFrom(room: MemoryRoom, seq: number): number {
  let [low, high] = [0, room.entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((room.entries[middle] as LoggedEntry).entry.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
