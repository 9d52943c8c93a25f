import { create, equals } from "@bufbuild/protobuf";
import { type Member, MemberSchema, type Room, type RoomReport, RoomReportSchema, RoomSchema } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isPresent } from "../log/fold.ts";
import type { Store } from "../store.ts";
import { createLogCheck, type LogCheck } from "./log-check.ts";

const pageSize = 500;
const maxProblems = 100;
/** A room that changes its state that often while it is read is not held against its log. */
const maxReads = 10;

type Say = (problem: string) => void;

/**
 * Reads a whole room, page by page, and says what is wrong: numbers are dense but for what retention removed, times and
 * `state_seq` never go back, no key was used twice, and room, members and pins are what the log's entries make of them.
 */
export async function verifyRoom({ store }: Domain, call: Call, roomId: string): Promise<RoomReport> {
  const problems: string[] = [];
  const say: Say = (problem) => void (problems.length < maxProblems && problems.push(problem));
  const room = await requireRoom(store, roomId);
  const check = createLogCheck(room.purgedBelow, say);
  await readOn(store, call, roomId, check);
  for (let reads = 1; reads <= maxReads; reads++) {
    const stored = { room: await requireRoom(store, roomId), members: await readMembers(store, call, roomId) };
    const before = check.changeCount;
    await readOn(store, call, roomId, check);
    // Nothing changed the state while it was read: it is of the log's end.
    if (check.changeCount === before) {
      compare(check, stored, say);
      break;
    }
  }
  return create(RoomReportSchema, { roomId, lastSeq: check.lastSeq, entryCount: check.entryCount, problems });
}

async function requireRoom(store: Store, roomId: string): Promise<Room> {
  const room = await store.readRoom(roomId);
  if (room === undefined) throw roomNotFound(roomId);
  return room;
}

async function readOn(store: Store, call: Call, roomId: string, check: LogCheck): Promise<void> {
  for (;;) {
    call.signal.throwIfAborted();
    const page = await store.readEntries({ roomId, after: check.lastSeq, limit: pageSize });
    for (const { entry } of page) check.add(entry);
    if (page.length < pageSize) return;
  }
}

async function readMembers(store: Store, call: Call, roomId: string): Promise<Member[]> {
  const members: Member[] = [];
  for (;;) {
    call.signal.throwIfAborted();
    const page = await store.listMembers(roomId, members.at(-1)?.userId, pageSize);
    members.push(...page);
    if (page.length < pageSize) return members;
  }
}

function compare({ state }: LogCheck, stored: { readonly room: Room; readonly members: readonly Member[] }, say: Say) {
  // What is wrong with the log was said already: there is nothing to hold the state against.
  if (state === undefined) return;
  const { room, members } = stored;
  const { stateSeq, title, attributes, frozen, closed, memberCount } = state.room;
  if (stateSeq !== room.stateSeq) say(`the room's state_seq is ${room.stateSeq}, the log says ${stateSeq}`);
  // Retention removes the entries that pinned, and not what they say of the room.
  const pinnedSeqs = room.purgedBelow === 0 ? state.room.pinnedSeqs : room.pinnedSeqs;
  const folded = { ...room, title, attributes, frozen, closed, memberCount, pinnedSeqs, stateSeq: room.stateSeq };
  if (!equals(RoomSchema, folded, room)) {
    say("the room's title, attributes, freezing, closing, number of members or pins are not what the log says");
  }
  const present = members.filter(isPresent).length;
  if (present !== room.memberCount) say(`the room says it has ${room.memberCount} members, and has ${present}`);
  for (const member of members) {
    if (!isAsFolded(state.members.get(member.userId), member)) {
      say(`the member ${member.userId} is not what the log says`);
    }
  }
}

function isAsFolded(folded: Member | undefined, stored: Member): boolean {
  // What only the user hears of is no entry.
  const { roomId, userId, readSeq, hiddenSeq, hidden, notificationsMutedUntil } = stored;
  const own = { readSeq, hiddenSeq, hidden, notificationsMutedUntil };
  return equals(MemberSchema, { ...(folded ?? create(MemberSchema)), roomId, userId, ...own }, stored);
}
