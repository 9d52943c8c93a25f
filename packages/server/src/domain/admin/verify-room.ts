import { create, equals } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Entry, type Member, MemberSchema, type RoomReport, RoomReportSchema, RoomSchema } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { fold, isPresent, type RoomState } from "../log/fold.ts";
import { keyScopeOf } from "../log/request-key.ts";
import type { LoggedEntry, Store } from "../store.ts";

const pageSize = 500;
const maxProblems = 100;
const maxReads = 10;

/**
 * Reads a whole room and says what is wrong: numbers are dense but for what retention removed, times and `state_seq`
 * never go back, no key was used twice, and room, members and pins are what the log's entries make of them.
 */
export async function verifyRoom({ store }: Domain, call: Call, roomId: string): Promise<RoomReport> {
  const problems: string[] = [];
  const say = (problem: string) => {
    if (problems.length < maxProblems) problems.push(problem);
  };
  const log = await readLog(store, call, roomId);
  const stored = await readState(store, call, roomId, log);
  const entries = log.map(({ entry }) => entry);
  checkNumbers(entries, stored.room.purgedBelow, say);
  checkOrder(entries, say);
  checkKeys(entries, say);
  checkState(entries, stored, say);
  return create(RoomReportSchema, {
    roomId,
    lastSeq: entries.at(-1)?.seq ?? 0,
    entryCount: entries.length,
    problems,
  });
}

type Say = (problem: string) => void;

async function readLog(store: Store, call: Call, roomId: string): Promise<LoggedEntry[]> {
  const log: LoggedEntry[] = [];
  await readOn(store, call, roomId, log);
  if (log.length === 0) throw roomNotFound(roomId);
  return log;
}

async function readOn(store: Store, call: Call, roomId: string, log: LoggedEntry[]): Promise<number> {
  const before = log.length;
  for (;;) {
    call.signal.throwIfAborted();
    const page = await store.readEntries({ roomId, after: log.at(-1)?.entry.seq ?? 0, limit: pageSize });
    log.push(...page);
    if (page.length < pageSize) return log.length - before;
  }
}

/** The state is of the log's end once nothing was appended while it was read. */
async function readState(store: Store, call: Call, roomId: string, log: LoggedEntry[]): Promise<RoomState> {
  for (let reads = 1; ; reads++) {
    const room = await store.readRoom(roomId);
    if (room === undefined) throw roomNotFound(roomId);
    const members = await readAllMembers(store, call, roomId);
    const isStill = (await readOn(store, call, roomId, log)) === 0;
    // A room that never rests is compared as far as it goes: fold is harmless for a state that is newer.
    if (isStill || reads === maxReads) return { room, members };
  }
}

async function readAllMembers(store: Store, call: Call, roomId: string): Promise<RoomState["members"]> {
  const members: RoomState["members"] = new Map();
  for (let after: string | undefined; ; ) {
    call.signal.throwIfAborted();
    const page = await store.listMembers(roomId, after, pageSize);
    for (const member of page) members.set(member.userId, member);
    if (page.length < pageSize) return members;
    after = page.at(-1)?.userId;
  }
}

function checkNumbers(entries: readonly Entry[], purgedBelow: number, say: Say): void {
  let expected = 1;
  for (const { seq } of entries) {
    const firstMissing = Math.max(expected, purgedBelow);
    if (seq > firstMissing) say(`entries ${firstMissing} to ${seq - 1} are missing`);
    expected = seq + 1;
  }
}

function checkOrder(entries: readonly Entry[], say: Say): void {
  let [lastMs, lastStateSeq] = [0, 0];
  for (const { seq, createdAt, stateSeq } of entries) {
    const atMs = createdAt === undefined ? 0 : timestampMs(createdAt);
    if (atMs < lastMs) say(`entry ${seq} was made before the one in front of it`);
    if (stateSeq < lastStateSeq || stateSeq > seq) say(`entry ${seq} names ${stateSeq} as the last change of state`);
    [lastMs, lastStateSeq] = [atMs, stateSeq];
  }
}

function checkKeys(entries: readonly Entry[], say: Say): void {
  const firstUse = new Map<string, number>();
  for (const entry of entries) {
    const scope = keyScopeOf(entry);
    const first = firstUse.get(scope);
    if (first !== undefined) say(`entries ${first} and ${entry.seq} carry the same idempotency key`);
    else firstUse.set(scope, entry.seq);
  }
}

function checkState(entries: readonly Entry[], stored: RoomState, say: Say): void {
  const first = entries[0];
  if (first?.body.case !== "roomCreated") {
    say("entry 1 is not the room's creation");
    return;
  }
  const { room } = stored;
  const created = first.body.value;
  const folded: RoomState = {
    room: create(RoomSchema, {
      ...room,
      title: created.title,
      attributes: created.attributes,
      memberCount: created.members.length,
      frozen: false,
      closed: false,
      pinnedSeqs: [],
      stateSeq: 1,
    }),
    members: new Map([...stored.members.keys()].map((userId) => [userId, undefined])),
  };
  const unknown = entries.find((entry) => !fold(folded, entry));
  if (unknown !== undefined) {
    say(`entry ${unknown.seq} has the type "${unknown.type}", which is not known here`);
    return;
  }
  compareRoom(folded, stored, say);
  for (const [userId, member] of stored.members) compareMember(folded.members.get(userId), member, say);
}

function compareRoom({ room: folded }: RoomState, { room, members }: RoomState, say: Say): void {
  if (folded.stateSeq !== room.stateSeq) {
    say(`the room's state_seq is ${room.stateSeq}, the log says ${folded.stateSeq}`);
  }
  // Retention removes the entries that pinned, and not what they say of the room.
  const pinnedSeqs = room.purgedBelow === 0 ? folded.pinnedSeqs : room.pinnedSeqs;
  if (!equals(RoomSchema, { ...folded, pinnedSeqs }, room)) {
    say("the room's title, attributes, freezing, closing, number of members or pins are not what the log says");
  }
  const present = [...members.values()].filter(isPresent).length;
  if (present !== room.memberCount) say(`the room says it has ${room.memberCount} members, and has ${present}`);
}

function compareMember(folded: Member | undefined, stored: Member | undefined, say: Say): void {
  if (stored === undefined) return;
  // What only the user hears of is no entry.
  const { roomId, userId, readSeq, hiddenSeq, hidden, notificationsMutedUntil } = stored;
  const own = { readSeq, hiddenSeq, hidden, notificationsMutedUntil };
  const expected = { ...(folded ?? create(MemberSchema)), roomId, userId, ...own };
  if (!equals(MemberSchema, expected, stored)) say(`the member ${userId} is not what the log says`);
}
