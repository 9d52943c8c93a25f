import type { Clock } from "../domain/clock.ts";
import type { RepairLease, Repairs } from "../domain/repair.ts";
import type { Store } from "../domain/store.ts";
import type { Log } from "../log.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { createEventPipeline } from "./event-pipeline.ts";
import type { EventSink } from "./event-sink.ts";
import { keepLease } from "./keep-lease.ts";
import { pause } from "./poll-pause.ts";
import { emitHole } from "./relay-changes.ts";
import type { RelayMetrics } from "./relay-metrics.ts";
import { repairText } from "./repair-watch.ts";
import { LeaseLostError } from "./shard-blocked.ts";
import { createShardPulse, type ShardPulse, type ShardStall, stallText } from "./shard-pulse.ts";
import type { EventTopics } from "./to-event.ts";
import { findUnsureEntries } from "./unsure-entries.ts";
import { walkRooms } from "./walk-rooms.ts";

export interface RepairWalkerDeps {
  readonly repairs: Repairs;
  readonly store: Pick<Store, "readEntries" | "readRoom" | "listRoomIds">;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RelayMetrics;
  readonly topics: EventTopics;
  readonly deadLetterTopic: string;
  readonly source: string;
  readonly leaseTtlMs: number;
  readonly maxBatchBytes: number;
  readonly stalledAfterMs: number;
  readonly checkpointEveryMs: number;
  readonly repairRoomsPerSecond: number;
  /** How long after the last loss the walk begins: the index follows the table with a delay, and other shards may tell of more. */
  readonly repairDelayMs: number;
}

/** Walks all rooms under the repair's lease. */
export interface RepairWalker {
  /** Rejects with what the walk failed with; LeaseLostError when another worker goes on, or another loss was noted. */
  readonly done: Promise<"done" | "stopped">;
  readonly stall: ShardStall | undefined;
  /** Stops after a few rooms, keeps how far it is, and releases the lease. */
  stop(): void;
  /** Leaves everything as it is, as a crash would. */
  abandon(): void;
}

const tellEveryMs = 30_000;

export function startRepairWalker(deps: RepairWalkerDeps, lease: RepairLease): RepairWalker {
  const { repairs, clock, leaseTtlMs: ttlMs } = deps;
  const log = deps.log.child({ repair: lease.epoch });
  const pulse = createShardPulse(clock, deps.stalledAfterMs);
  const stopping = new AbortController();
  const renewing = new AbortController();
  let abandoned = false;
  const lost = () => new LeaseLostError("the repair");

  async function run(): Promise<"done" | "stopped"> {
    let progress = lease.repair.progress;
    let savedAtMs = clock.nowMs();
    let toldAtMs = savedAtMs;
    const save = async () => {
      if ((await pulse.during("checkpointing", () => repairs.save(lease, progress))).kind === "lost") throw lost();
      savedAtMs = clock.nowMs();
    };
    await waitForWalk();
    let roundAtMs = clock.nowMs();
    for await (const step of walk(deps, lease, log, pulse)) {
      if (abandoned) throw lost();
      progress = step.progress;
      pulse.beat();
      if (clock.nowMs() - savedAtMs >= deps.checkpointEveryMs) await save();
      if (clock.nowMs() - toldAtMs >= tellEveryMs) {
        toldAtMs = clock.nowMs();
        log.info({ ...progress }, `the relay ${repairText({ ...lease.repair, progress })}`);
      }
      const dueMs = (1_000 * step.rooms) / deps.repairRoomsPerSecond;
      await rest(roundAtMs + dueMs - clock.nowMs());
      if (stopping.signal.aborted) break;
      roundAtMs = clock.nowMs();
    }
    if (abandoned) throw lost();
    if (stopping.signal.aborted) {
      await save();
      await repairs.release(lease);
      return "stopped";
    }
    if ((await repairs.finish(lease, progress)).kind === "lost") throw lost();
    return "done";
  }

  async function waitForWalk(): Promise<void> {
    await rest(lease.repair.walkSinceMs + deps.repairDelayMs - clock.nowMs());
  }

  /** Beats meanwhile: to wait is not to hang. */
  async function rest(ms: number): Promise<void> {
    const step = Math.max(1, Math.min(1_000, deps.stalledAfterMs / 2));
    for (let left = ms; left > 0 && !stopping.signal.aborted; left -= step) {
      await pause(Math.min(left, step), stopping.signal);
      pulse.beat();
    }
  }

  let stallToldAtMs: number | undefined;
  void keepLease(
    {
      pulse,
      ttlMs,
      log,
      renew: () => repairs.renew(lease, { nowMs: clock.nowMs(), ttlMs }),
      onLost() {
        abandoned = true;
        stopping.abort();
      },
      onLook() {
        const stall = pulse.stall();
        if (stall === undefined || clock.nowMs() - (stallToldAtMs ?? 0) < deps.stalledAfterMs) return;
        stallToldAtMs = clock.nowMs();
        log.error({ stall }, `the repair stands still: ${stallText(stall)}`);
      },
    },
    renewing.signal,
  );
  log.info({ ...lease.repair.progress }, `the relay ${repairText(lease.repair)}`);
  const done = run().finally(() => renewing.abort());
  return {
    done,
    get stall() {
      return pulse.stall();
    },
    stop: () => stopping.abort(),
    abandon() {
      abandoned = true;
      stopping.abort();
    },
  };
}

/** Room by room what may be missing, in order, as healed events. */
async function* walk(deps: RepairWalkerDeps, { repair }: RepairLease, log: Log, pulse: ShardPulse) {
  const { store, metrics, topics, source, clock, maxBatchBytes } = deps;
  const sink: EventSink = {
    async send(events) {
      await pulse.during("sending", () => deps.sink.send(events));
      metrics.events.inc(events.length);
      pulse.beat();
    },
  };
  const pipeline = createEventPipeline({ sink, maxBatchBytes, onAcknowledged: () => undefined });
  const letters = { sink: deps.sink, topic: deps.deadLetterTopic, shardId: "repair", clock, log, metrics };
  const emitting = { store, metrics, pipeline, deadLetters: createDeadLetters(letters) };
  const look = async (roomId: string) => {
    const { from, to } = await pulse.during("walking", () => findUnsureEntries(store, roomId, repair.sinceMs));
    pulse.beat();
    if (from > to) return undefined;
    return async () => {
      const origin = { topics, source, relayedAtMs: clock.nowMs() };
      await emitHole(emitting, { roomId, from, to }, origin, () => pulse.beat());
      return to - from + 1;
    };
  };
  try {
    yield* walkRooms({ store, look, settle: () => pipeline.settle() }, repair.progress);
  } finally {
    // The next attempt must not run beside what this one still sends.
    await pipeline.idle();
  }
}
