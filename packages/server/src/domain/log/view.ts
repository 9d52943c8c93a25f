import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry } from "@maru/protocol";
import type { LoggedEntry } from "../store.ts";
import { fold, type RoomState } from "./fold.ts";
import { follow, type RecentEntries } from "./recent-entries.ts";
import { addNewest, type RecentKeys, recentKeysOf } from "./recent-keys.ts";

/** What this process knows of one room's log. A put proves it current; a read of the table proves it for refusals. */
export interface RoomView {
  readonly roomId: string;
  tailSeq: number;
  /** `state_seq` of the tail entry. */
  stateSeq: number;
  tailCreatedAtMs: number;
  /** When a put, or the start of a strongly consistent read, last proved the tail. */
  provenAtMs: number;
  /** Turn of the log (see Log.turn) at which the last read that proved the tail was started. */
  readAtTurn: number;
  /** Turn at which the last read of state ended. Its pieces are of one moment only once what followed is folded in. */
  stateReadAtTurn: number;
  /** Whether a put of this process made the tail. */
  tailIsOurs: boolean;
  lostLastPut: boolean;
  /** Read after the tail that it stands beside; undefined: to be read. */
  state: RoomState | undefined;
  readonly keys: RecentKeys;
  /** Where the room is read: its newest entries, which reads bring up to date on their own. */
  recent: RecentEntries | undefined;
}

export function viewOf(
  newest: readonly LoggedEntry[],
  proven: { readonly atMs: number; readonly atTurn: number },
): RoomView | undefined {
  const tail = newest[0]?.entry;
  if (tail === undefined) return undefined;
  return {
    roomId: tail.roomId,
    tailSeq: tail.seq,
    stateSeq: tail.stateSeq,
    tailCreatedAtMs: createdAtMs(tail),
    provenAtMs: proven.atMs,
    readAtTurn: proven.atTurn,
    stateReadAtTurn: 0,
    tailIsOurs: false,
    lostLastPut: false,
    state: undefined,
    keys: recentKeysOf(entriesOf(denseRun(newest)).reverse()),
    recent: undefined,
  };
}

/** The entry that follows the tail is known now. */
export function learn(view: RoomView, logged: LoggedEntry, ours: boolean): void {
  const { entry } = logged;
  view.tailSeq = entry.seq;
  view.tailCreatedAtMs = createdAtMs(entry);
  view.tailIsOurs = ours;
  addNewest(view.keys, entry);
  if (view.recent !== undefined) follow(view.recent, logged);
  const missedAChange = entry.stateSeq !== entry.seq && entry.stateSeq !== view.stateSeq;
  if (missedAChange || (view.state !== undefined && !fold(view.state, entry))) view.state = undefined;
  view.stateSeq = entry.stateSeq;
}

/** Retention leaves holes in front; what is behind the first hole says nothing about recent keys. */
export function denseRun(newestFirst: readonly LoggedEntry[]): LoggedEntry[] {
  const run: LoggedEntry[] = [];
  for (const logged of newestFirst) {
    const last = run.at(-1);
    if (last !== undefined && logged.entry.seq !== last.entry.seq - 1) break;
    run.push(logged);
  }
  return run;
}

export function entriesOf(logged: readonly LoggedEntry[]): Entry[] {
  return logged.map(({ entry }) => entry);
}

function createdAtMs(entry: Entry): number {
  return entry.createdAt === undefined ? 0 : timestampMs(entry.createdAt);
}
