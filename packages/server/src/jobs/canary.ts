import { setTimeout as sleep } from "node:timers/promises";
import { canaryRoomId, openCanaryRoom, sendCanary, trimCanaryRoom } from "../domain/admin/canary-room.ts";
import type { TopicRecord, TopicView } from "../domain/admin/topic-view.ts";
import type { Call } from "../domain/call.ts";
import type { Domain } from "../domain/domain.ts";
import type { Log } from "../log.ts";
import type { Telemetry } from "../telemetry.ts";
import { type CanaryWatch, createCanaryWatch } from "./canary-watch.ts";

/** The right to fly the canary. */
export interface CanaryLease {
  /** Takes or keeps it; whether it is held. */
  hold(): Promise<boolean>;
  release(): Promise<void>;
}

export interface CanaryDeps {
  readonly domain: Domain;
  readonly topic: Pick<TopicView, "follow">;
  readonly lease: CanaryLease;
  readonly intervalMs: number;
  /** After so long without a message the log says so. */
  readonly alarmMs: number;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, "canaryDelay" | "gauge">;
}

export interface Canary extends AsyncDisposable {
  drain(): Promise<void>;
}

const trimEveryMs = 60 * 60_000;

/**
 * One of the servers sends a message to itself every few seconds, as a team would, and waits for it where consumers read:
 * table, stream, relay and Kafka are proved to work, and when they do not, somebody hears of it.
 */
export function startCanary(deps: CanaryDeps): Canary {
  const { domain, lease, intervalMs, alarmMs, log, telemetry } = deps;
  const stop = new AbortController();
  const nowMs = () => domain.log.clock.nowMs();
  let watch: CanaryWatch | undefined;
  telemetry.gauge(
    "maru_canary_silent_seconds",
    "Age of the newest message of the canary that came through the topic, on the server that flies it; NaN on others.",
    () => (watch === undefined ? Number.NaN : watch.silentMs(nowMs()) / 1_000),
  );

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        if (await lease.hold()) await fly();
      } catch (error) {
        if (!stop.signal.aborted) log.warn({ error }, "the canary cannot fly, which is tried again");
      }
      await pause(intervalMs, stop.signal);
    }
    await lease.release().catch((error: unknown) => log.warn({ error }, "the canary's lease could not be given back"));
  }

  /** Until the lease is lost, or the server stops. */
  async function fly(): Promise<void> {
    const landed = new AbortController();
    const signal = AbortSignal.any([stop.signal, landed.signal]);
    const flight = createCanaryWatch({ startedAtMs: nowMs(), alarmMs });
    watch = flight;
    const listening = listen(flight, signal);
    try {
      await sendOn(flight, signal);
    } finally {
      watch = undefined;
      landed.abort();
      await listening;
    }
  }

  async function sendOn(flight: CanaryWatch, signal: AbortSignal): Promise<void> {
    const call: Call = { caller: "maru", method: { name: "canary" }, signal };
    let isOpen = false;
    let lastSentSeq: number | undefined;
    let trimAtMs = nowMs();
    let failure: unknown;
    while (!signal.aborted && (await lease.hold())) {
      try {
        if (!isOpen) await openCanaryRoom(domain, call);
        isOpen = true;
        lastSentSeq = (await sendCanary(domain, call)).seq;
        failure = undefined;
        if (nowMs() >= trimAtMs) await trimCanaryRoom(domain);
        if (nowMs() >= trimAtMs) trimAtMs = nowMs() + trimEveryMs;
      } catch (error) {
        if (signal.aborted) return;
        if (failure === undefined) log.warn({ error }, "the canary's message could not be sent");
        failure = error;
      }
      say(flight, { lastSentSeq, error: failure });
      await pause(intervalMs, signal);
      say(flight, { lastSentSeq, error: failure });
    }
  }

  function say(flight: CanaryWatch, facts: { lastSentSeq: number | undefined; error: unknown }): void {
    const now = nowMs();
    const said = flight.look(now);
    const about = { room_id: canaryRoomId, silent_ms: flight.silentMs(now), last_sent_seq: facts.lastSentSeq };
    if (said === "silent") {
      const what = facts.error === undefined ? "what is sent does not come out of the topic" : "nothing can be sent";
      log.error({ ...about, error: facts.error }, `the canary is silent: ${what}`);
    }
    if (said === "heard again") log.warn(about, "the canary is heard again");
  }

  async function listen(flight: CanaryWatch, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const records of deps.topic.follow(canaryRoomId, signal))
          for (const record of records) if (record.roomId === canaryRoomId) hear(flight, record);
      } catch (error) {
        if (!signal.aborted) log.warn({ error }, "the canary cannot be listened to, which is tried again");
      }
      await pause(intervalMs, signal);
    }
  }

  function hear(flight: CanaryWatch, { storedAtMs, stamps }: TopicRecord): void {
    const { committedAtMs, relayedAtMs } = stamps();
    if (committedAtMs === undefined || relayedAtMs === undefined) return;
    flight.seen(committedAtMs);
    const times = [committedAtMs, relayedAtMs, storedAtMs, nowMs()] as const;
    const observe = (step: string, from: number, to: number) =>
      telemetry.canaryDelay.observe({ step }, Math.max(0, to - from) / 1_000);
    observe("relay", times[0], times[1]);
    observe("kafka", times[1], times[2]);
    observe("read", times[2], times[3]);
    observe("all", times[0], times[3]);
  }

  const running = run();
  const drain = async () => {
    stop.abort(new Error("the server is shutting down"));
    await running;
  };
  return { drain, [Symbol.asyncDispose]: drain };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
