import { Assignment, toError } from "./assignment.ts";
import { openKafka } from "./connection.ts";
import type { ConsumerDriver, ConsumerOptions } from "./consumer-options.ts";
import { type GroupSession, type GroupSessionDeps, openGroupSession } from "./group-session.ts";
import { askOffsets, type FoundStall, StallWatch } from "./stall-watch.ts";
import { pause } from "./waiting.ts";

const STALL_CHECK_MS = 10_000;
/** How long after a rejoin the next one may come; each one that did not help doubles it. */
const FIRST_REJOIN_PAUSE_MS = 30_000;
const MAX_REJOIN_PAUSE_MS = 300_000;
const MAX_REOPEN_PAUSE_MS = 10_000;

/**
 * Joins a group and hands over the records of the partitions that it gets. Offsets are committed only by
 * {@link PartitionClaim.commit}, and never for a partition that was lost. When nothing comes although something is there, the
 * consumer says so through `onStalled` and joins the group anew.
 *
 * @throws ConnectError, UnknownTopicError
 * @example
 * await using consumer = await startConsumer({
 *   brokers, clientId: "push", groupId: "push", topics: ["maru.room-events.v1"], fromBeginning: true,
 *   async onBatch(claim, records) {
 *     for (const record of records) {
 *       await handle(record);
 *       await claim.commit(record.offset + 1n);
 *     }
 *   },
 * });
 */
export async function startConsumer(options: ConsumerOptions): Promise<ConsumerDriver> {
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {}); // also told to onCrash
  const stopping = new AbortController();
  let ending: Promise<void> | undefined;

  const assignment = new Assignment(
    (claims, reason) => options.onRevoked?.(claims, reason),
    (error) => endWith(error),
  );
  const deps: GroupSessionDeps = { options, assignment, isEnding: () => ending !== undefined, onCrash, end: endWith };
  let watching: Promise<void> = Promise.resolve();
  let session: GroupSession | undefined;
  const rejoined = Promise.withResolvers<void>();
  session = await openGroupSession(deps);
  watching = watch();
  await Promise.race([session.run(), rejoined.promise]);

  function onCrash(error: Error, willRestart: boolean): void {
    if (ending) assignment.drop();
    else if (!willRestart) void end(error);
    else {
      void assignment.revoke("crash");
      tell(() => options.onCrash?.(error, true));
    }
  }

  function end(error?: Error): Promise<void> {
    if (ending) return ending;
    stopping.abort();
    if (error) tell(() => options.onCrash?.(error, false));
    ending = Promise.resolve().then(async () => {
      assignment.hold();
      await assignment.revoke(error ? "crash" : "close");
      assignment.drop();
      await watching;
      await session?.close();
      if (error) ended.reject(error);
      else ended.resolve();
    });
    return ending;
  }

  function endWith(thrown: unknown): void {
    void end(toError(thrown));
  }

  async function watch(): Promise<void> {
    const checkMs = options.stallCheckMs ?? STALL_CHECK_MS;
    const { signal } = stopping;
    const stallWatch = new StallWatch({
      checkMs,
      joinLimitMs: (options.rebalanceTimeoutMs ?? 60_000) + 3 * checkMs,
      claims: () => assignment.claims,
      session: () => session,
      offsetsOf: askOffsets(openKafka(options), checkMs, signal),
      nowMs: () => performance.now(),
    });
    let rejoinedAtMs = Number.NEGATIVE_INFINITY;
    let rejoinPauseMs = FIRST_REJOIN_PAUSE_MS;
    for (;;) {
      await pause(checkMs, signal);
      if (signal.aborted) return;
      const found = await stallWatch.look().catch(endWith);
      if (signal.aborted) return;
      const sinceRejoinMs = performance.now() - rejoinedAtMs;
      if (!found) {
        if (sinceRejoinMs > 2 * rejoinPauseMs) rejoinPauseMs = FIRST_REJOIN_PAUSE_MS;
        continue;
      }
      const willRejoin = found.what !== "unanswered" && sinceRejoinMs > rejoinPauseMs;
      tell(() => options.onStalled?.({ ...found, willRejoin }));
      if (!willRejoin) continue;
      if (rejoinedAtMs > 0) rejoinPauseMs = Math.min(MAX_REJOIN_PAUSE_MS, rejoinPauseMs * 2);
      await rejoin(found);
      rejoinedAtMs = performance.now();
    }
  }

  /** Leaves everything of the old session to itself, also when it hangs. */
  async function rejoin(found: FoundStall): Promise<void> {
    const old = session;
    session = undefined;
    void assignment.revoke("crash");
    const leftAtMs = performance.now();
    await old?.abandon();
    for (let tries = 0; session === undefined && !stopping.signal.aborted; tries++) {
      try {
        session = await openGroupSession(deps);
        if (!stopping.signal.aborted) void session.run().catch(endWith);
        rejoined.resolve();
      } catch (cause) {
        const quietMs = found.quietMs + performance.now() - leftAtMs;
        tell(() => options.onStalled?.({ what: "unjoined", partitions: [], quietMs, willRejoin: true, cause }));
        await pause(Math.min(MAX_REOPEN_PAUSE_MS, 500 * 2 ** tries), stopping.signal);
      }
    }
  }

  const close = () => end().then(() => ended.promise);
  return {
    closed: ended.promise,
    close,
    [Symbol.asyncDispose]: close,
    get claims() {
      return assignment.claims;
    },
  };
}

/** What a callback throws is not the driver's error: it surfaces as an uncaught exception. */
function tell(callback: () => void): void {
  try {
    callback();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
