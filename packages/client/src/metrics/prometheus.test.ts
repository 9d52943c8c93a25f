import { create } from "@bufbuild/protobuf";
import type { ConsumedRecord, PartitionClaim } from "@maru/kafka";
import { EntrySchema } from "@maru/protocol";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createHandlerSlots } from "../events/handler-slots.ts";
import type { EventOf, Handlers } from "../events/handlers.ts";
import { createHealer } from "../events/healer.ts";
import { toLag } from "../events/lag.ts";
import type { FetchedEvent } from "../events/lane.ts";
import { observe } from "../events/observation.ts";
import { createPartitionWork } from "../events/partition-work.ts";
import type { EntrySource } from "../events/subscribe.ts";
import { prometheusMetrics } from "./prometheus.ts";

const bornMs = Date.now() - 60_000;

function unfrozen(roomId: string, seq: number, offset: bigint): FetchedEvent {
  const entry = create(EntrySchema, { roomId, seq, type: "room_unfrozen", body: { case: "roomUnfrozen", value: {} } });
  const stamps = { committedAt: new Date(bornMs), streamedAt: undefined, relayedAt: new Date(bornMs + 1_000) };
  const facts = { roomId, seq, entry, type: entry.type, ...stamps, healed: false };
  const event = { ...facts, kind: "roomUnfrozen", body: entry.body.value } as EventOf<"roomUnfrozen">;
  const record: ConsumedRecord = {
    topic: "t",
    partition: 3,
    offset,
    key: null,
    value: null,
    headers: {},
    timestampMs: bornMs + 1_500,
  };
  return { event, record, receivedAt: new Date(bornMs + 2_500) };
}

/** A table from which retention has taken all below entry 5. */
const source = {
  events: { listEntries: async () => ({ entries: [{ seq: 5 }], nextPageToken: "" }) },
} as unknown as EntrySource;

/** A consumer of one partition, as far as its metrics see it. */
function startMeasured(handlers: Handlers) {
  const registry = new Registry();
  const commits: bigint[] = [];
  const claim: PartitionClaim = {
    topic: "t",
    partition: 3,
    startOffset: 0n,
    startsFrom: "committed",
    position: 5n,
    highOffset: 9n,
    signal: new AbortController().signal,
    commit: async (next) => commits.push(next) > 0,
    pause() {},
    resume() {},
    seek() {},
  };
  const slots = createHandlerSlots(16);
  const lag = () => {
    const { nextOffset, lastTakenMs } = work;
    return toLag([{ partition: 3, highOffset: 9n, nextOffset, lastTakenMs, rooms: work.waitingRooms() }], Date.now());
  };
  const watched = {
    group: "push",
    topic: "t",
    lag,
    get inFlightCount() {
      return slots.busyRooms.length;
    },
  };
  const metrics = prometheusMetrics(registry);
  const observation = observe({ tracing: undefined, metrics, steadyMs: () => performance.now() }, watched);
  const work = createPartitionWork(
    {
      group: "push",
      handlers,
      observation,
      positions: undefined,
      letters: undefined,
      onFailure: "stop",
      slots,
      healer: createHealer({ source, random: () => 0, warn: () => {} }),
      retry: { maxAttempts: 3, firstBackoffMs: 1, maxBackoffMs: 1 },
      commitIntervalMs: 1,
      maxRooms: 100,
      drainSignal: new AbortController().signal,
      random: () => 1,
      warn: () => {},
      skipped: () => {},
      fail: () => {},
    },
    claim,
  );
  const lines = async () => (await registry.metrics()).split("\n").filter((line) => !line.startsWith("#"));
  return { work, lines, commits, observation };
}

test("events are counted by kind and outcome, with retries, repeats, gaps, commits and their way in parts", async () => {
  const { work, lines, commits } = startMeasured({
    roomUnfrozen({ seq }, { attempt }) {
      if (seq === 2 && attempt === 1) throw new Error("not yet");
    },
  });
  work.take([unfrozen("a", 1, 0n), unfrozen("a", 2, 1n), unfrozen("a", 2, 2n), unfrozen("a", 5, 4n)]);
  await expect.poll(() => commits.at(-1)).toBe(5n);
  const told = await lines();
  expect(told).toEqual(
    expect.arrayContaining([
      'maru_consumer_events_total{group="push",kind="roomUnfrozen",outcome="handled"} 3',
      'maru_consumer_events_total{group="push",kind="roomUnfrozen",outcome="failed"} 1',
      'maru_consumer_handler_seconds_count{group="push",kind="roomUnfrozen"} 4',
      'maru_consumer_retries_total{group="push"} 1',
      'maru_consumer_repeats_total{group="push"} 1',
      'maru_consumer_gap_entries_total{group="push",reason="purged"} 2',
      `maru_consumer_commits_total{group="push"} ${commits.length}`,
      'maru_consumer_event_age_seconds_sum{group="push",stage="relay_to_kafka"} 1.5',
      'maru_consumer_event_age_seconds_sum{group="push",stage="kafka_to_consumer"} 3',
      'maru_consumer_event_age_seconds_count{group="push",stage="total"} 3',
      'maru_consumer_in_flight{group="push",topic="t"} 0',
      'maru_consumer_partitions{group="push",topic="t"} 1',
      'maru_consumer_lag_events{group="push",topic="t",partition="3"} 4',
      'maru_consumer_parked_total{group="push"} 0',
    ]),
  );
  expect(told.join("\n")).not.toContain("commit_to_stream");
});

test("what waits for a handler is lag, with the age of the oldest, until the consumer ends", async () => {
  let finish = () => {};
  const held = new Promise<void>((resolve) => (finish = resolve));
  const { work, lines, commits, observation } = startMeasured({ roomUnfrozen: () => held });
  work.take([unfrozen("a", 1, 3n), unfrozen("a", 2, 4n)]);
  const age = (told: string[]) =>
    Number(told.find((line) => line.startsWith("maru_consumer_lag_seconds"))?.split(" ")[1]);
  const waiting = await lines();
  expect(waiting).toContain('maru_consumer_in_flight{group="push",topic="t"} 1');
  expect(waiting).toContain('maru_consumer_lag_events{group="push",topic="t",partition="3"} 6');
  expect(age(waiting)).toBeGreaterThanOrEqual(58);
  finish();
  await expect.poll(() => commits.at(-1)).toBe(5n);
  observation.meter.closed();
  expect((await lines()).join("\n")).not.toMatch(/lag_|in_flight|_partitions/);
});

test("an event that has no handler is counted and not timed", async () => {
  const { work, lines, commits } = startMeasured({ messageSent: () => {} });
  work.take([unfrozen("a", 1, 0n)]);
  await expect.poll(() => commits.at(-1)).toBe(1n);
  const told = await lines();
  expect(told).toContain('maru_consumer_events_total{group="push",kind="roomUnfrozen",outcome="unhandled"} 1');
  expect(told.join("\n")).not.toContain("handler_seconds_count{");
});
