import type { Clock } from "../domain/clock.ts";
import type { Loss, Repair, RepairProgress, Repairs } from "../domain/repair.ts";
import { roomBucketCount, type Store } from "../domain/store.ts";
import type { Log } from "../log.ts";
import { roomBucketOf } from "../store/keys.ts";
import { findUnsureEntries } from "./unsure-entries.ts";

/** What this relay knows of the repair, which another one may be working on. */
export interface RepairWatch {
  /** Undefined when nothing is being repaired. */
  readonly running: Repair | undefined;
  /** Looks again. Whoever takes a shard looks after it has listed the shards, so that it knows of what was missed before them. */
  refresh(): Promise<void>;
  /** Keeps what was missed; says so loudly, once for all relays. */
  note(losses: readonly Loss[], what: string): Promise<void>;
  /**
   * For a reader that meets a room at entry `before`: the first number that may not have been handed on. `before` itself
   * when the walk has passed the room: what came after it is in the stream.
   */
  firstUnsure(roomId: string, before: number): Promise<number>;
}

export interface RepairWatchDeps {
  readonly repairs: Repairs;
  readonly store: Pick<Store, "readEntries">;
  readonly clock: Clock;
  readonly log: Log;
}

export function createRepairWatch({ repairs, store, clock, log }: RepairWatchDeps): RepairWatch {
  let known: Repair | undefined;
  const running = () => (known?.done ? undefined : known);

  function see(repair: Repair | undefined): void {
    // What was asked before a loss was noted may be answered after it: a shard must not be read as if nothing were missing.
    if (repair === undefined || isOlder(repair, known)) return;
    if (running() !== undefined && repair.done) log.info(toldOf(repair), "the repair is done");
    known = repair;
  }

  return {
    get running() {
      return running();
    },
    refresh: async () => see(await repairs.read()),
    async note(losses, what) {
      const { repair, isNew } = await repairs.note(losses, clock.nowMs());
      see(repair);
      if (!isNew) return;
      log.error(
        toldOf(repair),
        `the relay missed changes: ${what}. It reads on, and hands on again from the table what was appended since ${sinceText(repair)}`,
      );
    },
    async firstUnsure(roomId, before) {
      const repair = running();
      if (repair === undefined || hasPassed(repair.progress, roomId)) return before;
      const { from } = await findUnsureEntries(store, roomId, repair.sinceMs, before);
      return Math.min(from, before);
    },
  };
}

/** A repair's revision only rises, and what is done stays done. */
function isOlder(repair: Repair, known: Repair | undefined): boolean {
  if (known === undefined) return false;
  return repair.revision < known.revision || (repair.revision === known.revision && known.done && !repair.done);
}

/** Whether the walk has handed on the room. The index sorts by bytes. */
export function hasPassed({ cursor }: RepairProgress, roomId: string): boolean {
  const bucket = roomBucketOf(roomId);
  if (bucket !== cursor.bucket) return bucket < cursor.bucket;
  const { afterRoomId } = cursor;
  return afterRoomId !== undefined && Buffer.compare(Buffer.from(roomId), Buffer.from(afterRoomId)) <= 0;
}

/** How far it is, in words. Rooms are spread evenly over the buckets, so these say how many rooms there are. */
export function repairText(repair: Repair): string {
  const { cursor, roomsDone } = repair.progress;
  const ratio = cursor.bucket / roomBucketCount;
  const about = ratio === 0 ? "" : ` of about ${Math.round(roomsDone / ratio)}`;
  return `hands on again what was appended since ${sinceText(repair)}: ${roomsDone}${about} rooms are done, ${Math.floor(ratio * 100)} %`;
}

function sinceText({ sinceMs }: Repair): string {
  return sinceMs === undefined ? "the beginning" : new Date(sinceMs).toISOString();
}

function toldOf(repair: Repair) {
  const { roomsDone, eventsEmitted } = repair.progress;
  const startedAt = new Date(repair.startedAtMs).toISOString();
  return { since: sinceText(repair), startedAt, losses: repair.losses.length, roomsDone, eventsEmitted };
}
