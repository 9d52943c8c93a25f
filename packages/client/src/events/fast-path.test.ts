import type { PartitionClaim } from "@maru/kafka";
import { expect, test } from "vitest";
import { createHandlerSlots } from "./handler-slots.ts";
import type { AnyEvent, Handlers } from "./handlers.ts";
import { createHealer } from "./healer.ts";
import type { FetchedEvent } from "./lane.ts";
import type { ConsumerMeter } from "./metrics.ts";
import { noMeter, observe } from "./observation.ts";
import { createPartitionWork, type PartitionWorkDeps } from "./partition-work.ts";
import type { EntrySource } from "./subscribe.ts";

const nobody = { group: "g", topic: "t", inFlightCount: 0, lag: () => ({ partitions: [], rooms: [] }) };

/** A table that has all entries of all rooms. */
const table = {
  events: {
    listEntries: async ({ roomId, after }: { roomId: string; after: number }) => ({
      entries: [{ roomId, seq: after + 1, type: "room_unfrozen", body: { case: "roomUnfrozen", value: {} } }],
      nextPageToken: "more",
    }),
  },
} as unknown as EntrySource;

function startWork(handlers: Handlers, changes: Partial<PartitionWorkDeps<undefined>> = {}) {
  const commits: bigint[] = [];
  const fetching: string[] = [];
  const failures: unknown[] = [];
  const claim = {
    topic: "t",
    partition: 0,
    startOffset: 0n,
    startsFrom: "committed",
    position: 0n,
    highOffset: 0n,
    signal: new AbortController().signal,
    commit: async (next) => commits.push(next) > 0,
    pause: () => void fetching.push("pause"),
    resume: () => void fetching.push("resume"),
    seek: () => {},
  } satisfies PartitionClaim;
  const work = createPartitionWork<undefined>(
    {
      group: "g",
      handlers,
      positions: undefined,
      observation: observe({ tracing: undefined, metrics: undefined, steadyMs: () => 0 }, nobody),
      slots: createHandlerSlots(16),
      letters: undefined,
      onFailure: "stop",
      healer: createHealer({ source: table, random: () => 0, warn: () => {} }),
      retry: { maxAttempts: 3, firstBackoffMs: 1, maxBackoffMs: 1 },
      commitIntervalMs: 1,
      maxRooms: 100,
      drainSignal: new AbortController().signal,
      random: () => 1,
      warn: () => {},
      skipped: () => {},
      fail: (error) => {
        failures.push(error);
        work.stop();
      },
      ...changes,
    },
    claim,
  );
  return { work, commits, fetching, failures };
}

/** Events by name, `a1` is entry 1 of room a, at the offsets from the first on. */
function fetched(names: string, firstOffset = 0n): FetchedEvent[] {
  return names.split(" ").map((name, at) => {
    const event = { roomId: name.charAt(0), seq: Number(name.slice(1)), kind: "roomUnfrozen", body: {} };
    const offset = firstOffset + BigInt(at);
    const record = { topic: "t", partition: 0, offset, key: null, value: null, headers: {}, timestampMs: 7 };
    return { event: event as unknown as AnyEvent, record, receivedAt: new Date(0) };
  });
}

const nameOf = ({ roomId, seq }: AnyEvent) => `${roomId}${seq}`;

test("what a handler does without waiting is done before take returns, and is then committed", async () => {
  const seen: string[] = [];
  const { work, commits } = startWork({
    any: (event, ctx) =>
      void seen.push(`${nameOf(event)} ${ctx.offset} ${ctx.kafkaTimestamp?.getTime()} ${ctx.attempt}`),
  });
  work.take(fetched("a1 b1 a2"));
  expect(seen).toEqual(["a1 0 7 1", "b1 1 7 1", "a2 2 7 1"]);
  expect([work.nextOffset, work.waitingRooms()]).toEqual([3n, []]);
  await expect.poll(() => commits).toEqual([3n]);
});

test("a handler may wait for one room and not for another: rooms keep their order, the commit stays below what is not done", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const { work, commits } = startWork({
    any(event) {
      seen.push(nameOf(event));
      return event.roomId === "a" && event.seq === 2 ? gate.promise : undefined;
    },
  });
  work.take(fetched("a1 b1 a2 a3 b2 a4 b3"));
  expect(seen).toEqual(["a1", "b1", "a2", "b2", "b3"]);
  expect([work.nextOffset, work.waitingRooms()]).toEqual([2n, [{ roomId: "a", eventCount: 3, seq: 2, kafkaMs: 7 }]]);
  await expect.poll(() => commits).toEqual([2n]);
  gate.resolve();
  await expect.poll(() => commits).toEqual([2n, 7n]);
  expect(seen).toEqual(["a1", "b1", "a2", "b2", "b3", "a3", "a4"]);
  work.take(fetched("a5", 7n));
  expect(seen.at(-1)).toBe("a5");
});

test("a handler that throws at once is called again, its room waits with it, and no other does", async () => {
  const seen: string[] = [];
  const { work, commits, failures } = startWork({
    any(event, { attempt }) {
      seen.push(`${nameOf(event)}#${attempt}`);
      if (nameOf(event) === "a1" && attempt < 3) throw new Error("not yet");
    },
  });
  work.take(fetched("a1 b1 a2"));
  expect(seen).toEqual(["a1#1", "b1#1"]);
  await expect.poll(() => commits.at(-1)).toBe(3n);
  expect([seen, failures]).toEqual([["a1#1", "b1#1", "a1#2", "a1#3", "a2#1"], []]);
});

test("when a handler stops the consumer in the middle of a batch, its event is done and the next is not begun", async () => {
  for (const ending of [undefined, Promise.resolve()]) {
    const seen: string[] = [];
    const { work, commits } = startWork({
      any(event) {
        seen.push(nameOf(event));
        if (nameOf(event) !== "b1") return undefined;
        work.stop();
        return ending;
      },
    });
    work.take(fetched("a1 b1 a2 b2"));
    await ending;
    await expect.poll(() => commits.at(-1)).toBe(2n);
    await work.commitLast();
    expect([seen, commits.at(-1)]).toEqual([["a1", "b1"], 2n]);
  }
});

test("repeats are dropped on the spot, and a hole is healed before what revealed it", async () => {
  const seen: string[] = [];
  let repeats = 0;
  const meter: ConsumerMeter = { ...noMeter, repeatDropped: () => void repeats++ };
  const metrics = { watch: () => meter };
  const { work, commits } = startWork(
    { any: (event) => void seen.push(nameOf(event)) },
    { observation: observe({ tracing: undefined, metrics, steadyMs: () => 0 }, nobody) },
  );
  work.take(fetched("a1 a2 a1 a2 a3 b1 a5 b2 a6"));
  expect([seen, repeats]).toEqual([["a1", "a2", "a3", "b1", "b2"], 2]);
  await expect.poll(() => commits.at(-1)).toBe(9n);
  expect(seen.slice(5)).toEqual(["a4", "a5", "a6"]);
});

test("no more handlers run at once than are allowed, whether they wait or not, and a free slot is used again", async () => {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  let running = 0;
  let most = 0;
  const seen: string[] = [];
  const { work, commits } = startWork(
    {
      async any(event) {
        most = Math.max(most, ++running);
        seen.push(nameOf(event));
        const gate = Promise.withResolvers<void>();
        gates.set(nameOf(event), gate);
        await gate.promise;
        running--;
      },
    },
    { slots: createHandlerSlots(2) },
  );
  work.take(fetched("a1 b1 c1 d1"));
  expect(seen).toEqual(["a1", "b1"]);
  gates.get("b1")?.resolve();
  await expect.poll(() => seen).toEqual(["a1", "b1", "c1"]);
  gates.get("a1")?.resolve();
  await expect.poll(() => seen).toEqual(["a1", "b1", "c1", "d1"]);
  for (const gate of gates.values()) gate.resolve();
  await expect.poll(() => commits.at(-1)).toBe(4n);
  expect(most).toBe(2);
});

test("a slot that another partition's handler of the same room still has is waited for", async () => {
  const slots = createHandlerSlots(16);
  const earlier = Promise.withResolvers<void>();
  slots.run("a", () => earlier.promise);
  const seen: string[] = [];
  const { work } = startWork({ any: (event) => void seen.push(nameOf(event)) }, { slots });
  work.take(fetched("a1 b1"));
  expect(seen).toEqual(["b1"]);
  earlier.resolve();
  await expect.poll(() => seen).toEqual(["b1", "a1"]);
});

test("what comes while a handler runs, because it produced it itself, is taken when the handler has ended", async () => {
  const seen: string[] = [];
  const { work, commits } = startWork({
    any(event) {
      if (nameOf(event) === "a1") work.take(fetched("a3 c1", 2n));
      seen.push(nameOf(event));
    },
  });
  work.take(fetched("a1 a2"));
  expect(seen).toEqual(["a1", "a2", "a3", "c1"]);
  await expect.poll(() => commits.at(-1)).toBe(4n);
});

test("what was taken before something that cannot be decoded is done, and committed", async () => {
  const seen: string[] = [];
  const { work, commits } = startWork({ any: (event) => void seen.push(nameOf(event)) });
  function* broken() {
    yield* fetched("a1 b1");
    throw new Error("no event");
  }
  expect(() => work.take(broken())).toThrow("no event");
  await expect.poll(() => commits.at(-1)).toBe(2n);
  expect(seen).toEqual(["a1", "b1"]);
});

test("metrics hear of an event that was done on the spot, of one that was waited for, and of one that threw", async () => {
  const outcomes: string[] = [];
  const meter: ConsumerMeter = {
    ...noMeter,
    delivered: ({ event, outcome, ctx }) => void outcomes.push(`${nameOf(event)} ${outcome} ${ctx?.attempt}`),
  };
  const { work, commits } = startWork(
    {
      any(event, { attempt }) {
        if (event.roomId === "a") return undefined;
        if (attempt === 1) throw new Error("not yet");
        return Promise.resolve();
      },
    },
    { observation: observe({ tracing: undefined, metrics: { watch: () => meter }, steadyMs: () => 0 }, nobody) },
  );
  work.take(fetched("a1 b1"));
  await expect.poll(() => commits.at(-1)).toBe(2n);
  expect(outcomes).toEqual(["a1 handled 1", "b1 failed 1", "b1 handled 2"]);
});
