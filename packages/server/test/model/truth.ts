import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Member, MemberRole } from "@maru/protocol";
import type { LoggedEntry } from "../../src/domain/store.ts";
import { emptyRoom, foldRoom, type TruthRoom } from "./truth-room.ts";

/** An entry as it was stored. Stamps are numbers that rise with every event of a run. */
export interface TruthEntry {
  readonly logged: LoggedEntry;
  /** Numbers of the earlier entries that were changed with it. */
  readonly changed: readonly number[];
  /** The put took place between these stamps. */
  readonly storedAfter: number;
  readonly storedBefore: number;
  readonly storedAtMs: number;
  removed: { readonly after: number; readonly before: number; readonly atMs: number } | undefined;
}

export interface MarkerMove {
  readonly userId: string;
  readonly readSeq: number;
  readonly after: number;
  readonly before: number;
}

/** What a user set: only what is named. */
export interface SettingsChange {
  readonly userId: string;
  readonly hiddenSeq?: number;
  readonly notificationsMutedUntilMs?: number | undefined;
  readonly after: number;
  readonly before: number;
}

export interface PurgedBelowRise {
  readonly below: number;
  readonly after: number;
}

/** The plain array that the log is compared with, and what happened beside it. */
export interface Truth {
  /** Entry n stands at n - 1. */
  readonly entries: TruthEntry[];
  readonly moves: MarkerMove[];
  readonly settings: SettingsChange[];
  readonly rises: PurgedBelowRise[];
  /** What was wrong at the moment when it happened. */
  readonly violations: string[];
}

export interface TruthMember {
  readonly role: MemberRole;
  readonly joinedSeq: number;
  readonly leftSeq: number;
  readonly mutedUntilMs: number | undefined;
}

/** The room's state behind an entry. */
export interface TruthState {
  readonly room: TruthRoom;
  readonly members: ReadonlyMap<string, TruthMember>;
  readonly memberCount: number;
  readonly stateSeq: number;
}

export const emptyState: TruthState = { room: emptyRoom, members: new Map(), memberCount: 0, stateSeq: 0 };

/** State behind each entry; index 0 is the state before the first. Folded from the bodies alone. */
export function foldAll(entries: readonly TruthEntry[]): TruthState[] {
  const states = [emptyState];
  for (const { logged } of entries) states.push(foldOne(states.at(-1) ?? emptyState, logged.entry));
  return states;
}

function foldOne(state: TruthState, entry: LoggedEntry["entry"]): TruthState {
  const { seq, body } = entry;
  const members = new Map(state.members);
  const room = foldRoom(state.room, entry);
  const leave = (userId: string) => {
    const member = members.get(userId);
    if (member !== undefined) members.set(userId, { ...member, leftSeq: seq });
  };
  switch (body.case) {
    case "roomCreated":
    case "membersAdded":
      for (const { userId, role } of body.value.members) {
        const mutedUntilMs = members.get(userId)?.mutedUntilMs;
        members.set(userId, { role, joinedSeq: seq, leftSeq: 0, mutedUntilMs });
      }
      break;
    case "membersRemoved":
      body.value.userIds.forEach(leave);
      break;
    case "memberLeft":
      leave(body.value.userId);
      break;
    case "memberRoleChanged": {
      const member = members.get(body.value.userId);
      if (member !== undefined) members.set(body.value.userId, { ...member, role: body.value.role });
      break;
    }
    case "memberMuted": {
      const { userId, mutedUntil } = body.value;
      const member = members.get(userId);
      const mutedUntilMs = mutedUntil === undefined ? undefined : timestampMs(mutedUntil);
      if (member !== undefined) members.set(userId, { ...member, mutedUntilMs });
      break;
    }
    default:
      if (room === undefined) return state;
  }
  const memberCount = [...members.values()].filter(isThere).length;
  return { room: room ?? state.room, members, memberCount, stateSeq: seq };
}

export function isThere(member: TruthMember | undefined): member is TruthMember {
  return member !== undefined && member.leftSeq === 0;
}

export function toTruthMember({ role, joinedSeq, leftSeq, mutedUntil }: Member): TruthMember {
  return { role, joinedSeq, leftSeq, mutedUntilMs: mutedUntil && timestampMs(mutedUntil) };
}

/** As text, to compare and to show. */
export function memberText(userId: string, member: TruthMember | undefined): string {
  if (member === undefined) return `${userId} unknown`;
  const { role, joinedSeq, leftSeq, mutedUntilMs = "" } = member;
  return `${userId} ${role} ${joinedSeq}-${leftSeq} ${mutedUntilMs}`;
}
