import { timestampMs } from "@bufbuild/protobuf/wkt";
import { MemberRole } from "@maru/protocol";
import type { Store } from "../../src/domain/store.ts";
import { checkRoomEntry } from "./check-room-entry.ts";
import { checkSettingsAtEnd } from "./check-settings.ts";
import { bornAtMsOf } from "./keys.ts";
import { foldAll, isThere, memberText, type Truth, type TruthEntry, type TruthState, toTruthMember } from "./truth.ts";
import { roomText } from "./truth-room.ts";

const all = 100_000;
const dayMs = 24 * 60 * 60_000;
const skewMs = 60_000;

/** The table at the end: the log is what was stored, each entry was legal, and the items are what the log folds to. */
export async function checkEnd(store: Store, roomId: string, truth: Truth): Promise<string[]> {
  const { entries, moves, rises } = truth;
  const hole = firstMissing(entries);
  if (hole > 0) return [`the log has a hole: entry ${hole} was never stored`];
  const states = foldAll(entries);
  const state = states.at(-1) as TruthState;
  const wrong = entries.flatMap((entry, index) => checkEntry(entry, entries[index - 1], states[index] as TruthState));

  const held = (await store.readEntries({ roomId, limit: all })).map(({ entry }) => entry.seq);
  const expected = entries.filter(({ removed }) => removed === undefined).map(({ logged }) => logged.entry.seq);
  if (held.join() !== expected.join()) wrong.push(`the table holds ${held.join()} and not ${expected.join()}`);

  const room = await store.readRoom(roomId);
  if (room?.memberCount !== state.memberCount) {
    wrong.push(`meta counts ${room?.memberCount} members, the log ${state.memberCount}`);
  }
  if (room?.stateSeq !== state.stateSeq) wrong.push(`meta has state_seq ${room?.stateSeq}, the log ${state.stateSeq}`);
  if (room === undefined || roomText(room) !== roomText(state.room)) {
    wrong.push(`meta says ${room && roomText(room)}, the log ${roomText(state.room)}`);
  }
  const purgedBelow = Math.max(0, ...rises.map(({ below }) => below));
  if ((room?.purgedBelow ?? 0) > purgedBelow)
    wrong.push(`purged_below is ${room?.purgedBelow}, ${purgedBelow} was asked`);
  const lastRemoved = entries.findLastIndex(({ removed }) => removed !== undefined) + 1;
  if (lastRemoved > 0 && (room?.purgedBelow ?? 0) <= lastRemoved) {
    wrong.push(`purged_below is ${room?.purgedBelow}, and entry ${lastRemoved} was removed`);
  }

  const members = await store.listMembers(roomId, undefined, all);
  const items = members.map((item) => `${memberText(item.userId, toTruthMember(item))} read ${item.readSeq}`);
  const folded = [...state.members].map(([userId, m]) => {
    const readSeq = Math.max(0, ...moves.filter((move) => move.userId === userId).map((move) => move.readSeq));
    return `${memberText(userId, m)} read ${readSeq}`;
  });
  if (items.join() !== folded.sort().join()) wrong.push(`members are ${items.join()}, the log says ${folded.join()}`);
  return [...wrong, ...checkSettingsAtEnd(truth, members)];
}

function firstMissing(entries: readonly TruthEntry[]): number {
  for (let index = 0; index < entries.length; index++) if (!(index in entries)) return index + 1;
  return 0;
}

/** Whether an entry was legal at its place: judged by the state behind the entry before it. */
function checkEntry(own: TruthEntry, before: TruthEntry | undefined, state: TruthState): string[] {
  const { entry, appendedAtMs } = own.logged;
  const wrong: string[] = [];
  const say = (what: string) => wrong.push(`entry ${entry.seq} (${entry.type}): ${what}`);
  if (createdAtMs(own) < (before === undefined ? 0 : createdAtMs(before))) say("is older than the one before it");

  const changesState = entry.body.case !== "messageSent";
  const stateSeq = changesState ? entry.seq : state.stateSeq;
  if (entry.stateSeq !== stateSeq) say(`has state_seq ${entry.stateSeq} and not ${stateSeq}`);

  if (entry.actor?.kind.case === "userId") {
    const member = state.members.get(entry.actor.kind.value);
    if (!isThere(member)) say(`${entry.actor.kind.value} was not a member`);
    else if (changesState && entry.body.case !== "memberLeft" && member.role !== MemberRole.ADMIN)
      say(`${entry.actor.kind.value} was not an admin`);
  }
  if (entry.body.case === "membersAdded") {
    for (const { userId } of entry.body.value.members) {
      if (isThere(state.members.get(userId))) say(`adds ${userId}, a member`);
    }
  }
  if (entry.body.case === "membersRemoved") {
    for (const userId of entry.body.value.userIds) {
      if (!isThere(state.members.get(userId))) say(`removes ${userId}, no member`);
    }
  }
  if (entry.caller === "tests") checkRoomEntry(own.logged, state).forEach(say);
  const bornAtMs = bornAtMsOf(entry.idempotencyKey);
  if (bornAtMs !== undefined && appendedAtMs < bornAtMs - skewMs) say("was accepted with a key from the future");

  if (own.removed !== undefined) {
    if (changesState) say("was removed by retention, and the state with it");
    if (own.removed.atMs - appendedAtMs < dayMs - skewMs) say("was removed by retention within a day");
  }
  return wrong;
}

function createdAtMs({ logged }: TruthEntry): number {
  return logged.entry.createdAt === undefined ? 0 : timestampMs(logged.entry.createdAt);
}
