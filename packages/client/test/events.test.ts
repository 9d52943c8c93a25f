import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startTcpProxy } from "@maru/devstack";
import { committedOffsets, OffsetLostError, startConsumer, UnknownTopicError } from "@maru/kafka";
import { expect, inject, test } from "vitest";
import {
  type ConsumerWarning,
  type GapEvent,
  HandlerFailedError,
  subscribe,
  UndecodableEventError,
} from "../src/events/index.ts";
import { neverAsked, newerEvent, seqsOf, startEventsTopic, tableOf } from "./events-topic.ts";

const { brokers } = inject("stack").kafka;
const deadline = { timeout: 20_000, interval: 20 };
const quickRetry = { maxAttempts: 3, firstBackoffMs: 5, maxBackoffMs: 10 };

test("events of a room come in order and one at a time, rooms go in parallel, and repeats are dropped", async () => {
  await using topic = await startEventsTopic(brokers, 4);
  const rooms = Array.from({ length: 50 }, (_, at) => `room-${at}`);
  const seqs = Array.from({ length: 20 }, (_, at) => at + 1);
  // Each room's sixth event is followed by a repeat of the three before it.
  const withRepeats = seqs.flatMap((seq) => (seq === 6 ? [6, 4, 5, 6] : [seq]));
  await topic.send(withRepeats.flatMap((seq) => rooms.map((roomId) => ({ roomId, seq }))));

  const handled = new Map<string, number[]>();
  const busy = new Set<string>();
  let mostBusy = 0;
  const overlaps: string[] = [];
  await using consumer = await subscribe(
    neverAsked,
    { ...topic.options, maxInFlight: 8 },
    {
      async messageSent({ roomId, seq, body, committedAt }, { attempt, receivedAt }) {
        if (busy.has(roomId)) overlaps.push(roomId);
        busy.add(roomId);
        mostBusy = Math.max(mostBusy, busy.size);
        expect(body.content?.kind).toMatchObject({ case: "text", value: { text: `${roomId}/${seq}` } });
        expect(attempt).toBe(1);
        expect(receivedAt.getTime()).toBeGreaterThanOrEqual(committedAt?.getTime() ?? Number.POSITIVE_INFINITY);
        await sleep(seq % 3);
        handled.set(roomId, [...(handled.get(roomId) ?? []), seq]);
        busy.delete(roomId);
      },
    },
  );
  await expect.poll(() => [...handled.values()].flat().length, deadline).toBe(rooms.length * seqs.length);
  await consumer.close();
  await consumer.done;
  for (const roomId of rooms) expect(handled.get(roomId)).toEqual(seqs);
  expect(overlaps).toEqual([]);
  expect(mostBusy).toBe(8);
});

test("a type from the future is shown as unknown, and the room goes on", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  const roomId = "r";
  await topic.send([
    { roomId, seq: 1 },
    { roomId, seq: 2, bytes: newerEvent(roomId, 2) },
    { roomId, seq: 3 },
  ]);

  const seen: string[] = [];
  await using _ = await subscribe(neverAsked, topic.options, {
    messageSent: ({ type, seq }) => seen.push(`${seq} ${type}`),
    unknown: ({ type, seq, kind }) => seen.push(`${seq} ${kind}: ${type}`),
  });
  await expect.poll(() => seen, deadline).toEqual(["1 message_sent", "2 unknown: poll_started", "3 message_sent"]);

  const seqs: number[] = [];
  const warnings: ConsumerWarning[] = [];
  const onWarning = (warning: ConsumerWarning) => void warnings.push(warning);
  await using __ = await subscribe(
    neverAsked,
    { ...topic.options, group: `${topic.options.group}-2`, onWarning },
    { messageSent: ({ seq }) => seqs.push(seq) },
  );
  await expect.poll(() => seqs, deadline).toEqual([1, 3]);
  expect(warnings).toMatchObject([{ code: "unknownType", roomId, seq: 2 }]);
});

test("missing entries come from the table, and what it does not have is told to the gap handler", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  await topic.send([41, 43, 46].map((seq) => ({ roomId: "r", seq })));
  const seen: (number | GapEvent)[] = [];
  const warnings: ConsumerWarning[] = [];
  await using _ = await subscribe(
    tableOf({ lastSeq: 46, purged: [44] }),
    { ...topic.options, onWarning: (warning) => void warnings.push(warning) },
    { messageSent: ({ seq, healed }) => seen.push(healed ? -seq : seq), gap: (gap) => seen.push(gap) },
  );
  const gap = { kind: "gap", roomId: "r", firstMissingSeq: 44, lastMissingSeq: 44, reason: "purged" };
  await expect.poll(() => seen, deadline).toEqual([41, -42, 43, gap, -45, 46]);
  expect(warnings.map(({ code, seq }) => [code, seq])).toEqual([["gap", 44]]);
});

test("a consumer that starts again goes on after what is committed, and nothing is lost or comes twice", async () => {
  await using topic = await startEventsTopic(brokers, 4);
  const rooms = ["a", "b", "c", "d", "e"];
  const handled: string[] = [];
  const handlers = {
    messageSent: (event: { roomId: string; seq: number }) => handled.push(`${event.roomId}/${event.seq}`),
  };

  await topic.send(rooms.flatMap((roomId) => seqsOf(roomId, 10)));
  const first = await subscribe(neverAsked, topic.options, handlers);
  await expect.poll(() => handled.length, deadline).toBe(50);
  await first.close();
  await topic.send(rooms.flatMap((roomId) => seqsOf(roomId, 10, 11)));

  await using _ = await subscribe(neverAsked, topic.options, handlers);
  await expect.poll(() => handled.length, deadline).toBeGreaterThanOrEqual(100);
  const expected = rooms.flatMap((roomId) => seqsOf(roomId, 20)).map(({ roomId, seq }) => `${roomId}/${seq}`);
  expect([...handled].sort()).toEqual(expected.sort());
});

test("a handler that always fails is called again, then stops the consumer; the next consumer gets that event", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  const stored = await topic.send(seqsOf("r", 5));
  const calls: string[] = [];
  const options = { ...topic.options, retry: quickRetry, onWarning: () => {} };
  const consumer = await subscribe(neverAsked, options, {
    messageSent({ seq }, { attempt }) {
      calls.push(`${seq}#${attempt}`);
      if (seq === 3) throw new Error("the mail server is away");
    },
  });
  const error = await consumer.done.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HandlerFailedError);
  expect(error).toMatchObject({ roomId: "r", seq: 3, attempts: 3, topic: topic.topic, partition: 0 });
  expect(error).toMatchObject({ cause: new Error("the mail server is away") });
  expect(calls).toEqual(["1#1", "2#1", "3#1", "3#2", "3#3"]);
  const committed = await committedOffsets({ brokers, clientId: "test" }, options.group, topic.topic);
  expect(committed.get(0)).toBe(BigInt(stored[2]?.offset ?? -1));
  await consumer.close();

  const seqs: number[] = [];
  await using _ = await subscribe(neverAsked, options, { messageSent: ({ seq }) => seqs.push(seq) });
  await expect.poll(() => seqs, deadline).toEqual([3, 4, 5]);
});

test("a record that is no event stops the consumer before it", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  const [, bad] = await topic.send([
    { roomId: "r", seq: 1 },
    { roomId: "r", seq: 2, bytes: new Uint8Array([0xff, 0xff, 0xff]) },
    { roomId: "r", seq: 3 },
  ]);
  const seqs: number[] = [];
  for (const _ of ["first", "again"]) {
    const consumer = await subscribe(neverAsked, topic.options, { any: ({ seq }) => seqs.push(seq) });
    const error = await consumer.done.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UndecodableEventError);
    expect(error).toMatchObject({ topic: topic.topic, partition: 0, offset: BigInt(bad?.offset ?? -1) });
  }
  expect(seqs).toEqual([1]);
});

test("stopping waits for the handler that runs and commits its event", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  await topic.send(seqsOf("r", 3));
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const seqs: number[] = [];
  const consumer = await subscribe(neverAsked, topic.options, {
    async messageSent({ seq }, { signal }) {
      begun.resolve();
      await gate.promise;
      expect(signal.aborted).toBe(false);
      seqs.push(seq);
    },
  });
  await begun.promise;
  let closed = false;
  const closing = consumer.close().then(() => {
    closed = true;
  });
  await sleep(300); // longer than the driver's own stop takes
  expect(closed).toBe(false);
  gate.resolve();
  await closing;
  await consumer.done;
  expect(seqs).toEqual([1]);

  await using _ = await subscribe(neverAsked, topic.options, { messageSent: ({ seq }) => seqs.push(seq) });
  await expect.poll(() => seqs, deadline).toEqual([1, 2, 3]);
});

test("a handler that outlives the time for stopping is aborted, and its event comes again", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  await topic.send(seqsOf("r", 1));
  const begun = Promise.withResolvers<void>();
  const warnings: ConsumerWarning[] = [];
  const options = { ...topic.options, drainTimeoutMs: 100 };
  const consumer = await subscribe(
    neverAsked,
    { ...options, onWarning: (warning) => void warnings.push(warning) },
    {
      messageSent: async (_, { signal }) => {
        begun.resolve();
        await sleep(60_000, undefined, { signal });
      },
    },
  );
  await begun.promise;
  await consumer.close();
  await consumer.done;
  expect(warnings).toMatchObject([{ code: "drainTimeout" }]);
  const seqs: number[] = [];
  await using _ = await subscribe(neverAsked, options, { messageSent: ({ seq }) => seqs.push(seq) });
  await expect.poll(() => seqs, deadline).toEqual([1]);
});

test("while consumers of a group come and go, every event is handled, first occurrences in order", async () => {
  await using topic = await startEventsTopic(brokers, 6);
  const rooms = Array.from({ length: 24 }, (_, at) => `room-${at}`);
  const count = 40;
  const firsts = new Map(rooms.map((roomId) => [roomId, [] as number[]]));
  const overlaps: string[] = [];
  const handledBy = new Map<string, number>();
  let total = 0;

  function start(name: string) {
    const busy = new Set<string>();
    return subscribe(
      neverAsked,
      { ...topic.options, onWarning: () => {} },
      {
        async messageSent({ roomId, seq }) {
          const seen = firsts.get(roomId) ?? [];
          if (!seen.includes(seq)) {
            seen.push(seq);
            total++;
          }
          if (busy.has(roomId)) overlaps.push(`${name} ${roomId}/${seq}`);
          busy.add(roomId);
          await sleep(2 + (seq % 5));
          busy.delete(roomId);
          handledBy.set(name, (handledBy.get(name) ?? 0) + 1);
        },
      },
    );
  }

  const all = count * rooms.length;
  const a = await start("a");
  for (let seq = 1; seq <= count / 2; seq++) await topic.send(rooms.map((roomId) => ({ roomId, seq })));
  await expect.poll(() => total, deadline).toBeGreaterThan(all / 10);
  const b = await start("b");
  for (let seq = count / 2 + 1; seq <= count; seq++) await topic.send(rooms.map((roomId) => ({ roomId, seq })));
  await expect.poll(() => handledBy.get("b") ?? 0, deadline).toBeGreaterThan(0);
  await a.close();
  await expect.poll(() => total, deadline).toBe(all);
  await b.close();
  await Promise.all([a.done, b.done]);
  for (const roomId of rooms) expect(firsts.get(roomId)).toEqual(seqsOf(roomId, count).map(({ seq }) => seq));
  expect(overlaps).toEqual([]);
  expect(handledBy.get("a")).toBeGreaterThan(0);
});

test("a committed offset that is gone ends the consumer with OffsetLostError", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  const { group } = topic.options;
  await topic.send(seqsOf("r", 1));
  const committed = Promise.withResolvers<void>();
  await using astray = await startConsumer({
    ...{ brokers, clientId: group, groupId: group, topics: [topic.topic], fromBeginning: true },
    async onBatch(claim) {
      await claim.commit(1000n);
      committed.resolve();
    },
  });
  await committed.promise;
  await astray.close();
  const consumer = await subscribe(neverAsked, topic.options, { any: () => {} });
  const error = await consumer.done.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OffsetLostError);
  expect(error).toMatchObject({ topic: topic.topic, partition: 0, offset: 1000n });
});

test("a consumer whose connections hang says so, joins its group anew, and every event comes", async () => {
  await using topic = await startEventsTopic(brokers, 2);
  let newest = 0;
  let hangingUpTo = 0;
  await using proxy = await startTcpProxy({
    target: brokers[0] ?? "",
    onChunk(chunk, { from, connection }) {
      newest = Math.max(newest, connection);
      return from === "upstream" && connection <= hangingUpTo ? Buffer.alloc(0) : chunk;
    },
  });
  const warnings: ConsumerWarning[] = [];
  const handled: number[] = [];
  await using consumer = await subscribe(
    neverAsked,
    {
      ...topic.options,
      stallCheckMs: 500,
      onWarning: (warning) => void warnings.push(warning),
      socketFactory: ({ onConnect }) => createConnection({ host: "127.0.0.1", port: proxy.port }, onConnect),
    },
    { any: ({ seq }) => void handled.push(seq) },
  );
  await topic.send(seqsOf("room", 3));
  await expect.poll(() => handled, deadline).toEqual([1, 2, 3]);
  hangingUpTo = newest;
  await topic.send(seqsOf("room", 3, 4));
  await expect.poll(() => warnings.map(({ code }) => code), deadline).toContain("stalled");
  // The hanging member is missed by the group only after its session has ended.
  await expect.poll(() => new Set(handled).size, { timeout: 50_000 }).toBe(6);
  expect(handled).toEqual(handled.toSorted((a, b) => a - b));
  await expect
    .poll(() => consumer.partitions.every(({ position, highOffset }) => position === highOffset), deadline)
    .toBe(true);
});

test("a group that begins at the end gets only what comes later", async () => {
  await using topic = await startEventsTopic(brokers, 1);
  await topic.send(seqsOf("r", 3));
  const seqs: number[] = [];
  await using _ = await subscribe(
    neverAsked,
    { ...topic.options, fromBeginning: false },
    { any: ({ seq }) => seqs.push(seq) },
  );
  let last = 3;
  await expect
    .poll(async () => {
      await topic.send([{ roomId: "r", seq: ++last }]);
      return seqs.length;
    }, deadline)
    .toBeGreaterThan(0);
  expect(seqs[0]).toBeGreaterThan(3);
});

test("a topic that does not exist is a typed error of subscribe", async () => {
  await expect(
    subscribe(neverAsked, { brokers, group: "nobody", topic: "no-such-topic" }, { any: () => {} }),
  ).rejects.toBeInstanceOf(UnknownTopicError);
});
