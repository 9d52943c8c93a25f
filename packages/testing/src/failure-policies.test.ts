import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { connectMaru, type Maru, text, user } from "@maru/client";
import {
  type ConsumerWarning,
  type EventContext,
  HandlerFailedError,
  type Handlers,
  type RoomConsumer,
  redriveDeadLetters,
  type SubscribeOptions,
  subscribe,
} from "@maru/client/events";
import { type Broker, partitionOf } from "@maru/kafka";
import { type DeadLetter, DeadLetterSchema, DeadLetterState, deadLettersTopic, parkedTopic } from "@maru/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestMaru } from "./start-test-maru.ts";
import type { TestMaru } from "./test-maru.ts";

const actor = user("ann");
const patience = { timeout: 10_000, interval: 5 };
const retry = { maxAttempts: 3, firstBackoffMs: 1, maxBackoffMs: 2 };
let maru: TestMaru;
let client: Maru;
let groupCount = 0;

beforeAll(async () => {
  maru = await startTestMaru({ partitions: 3 });
  client = connectMaru({ address: maru.grpcAddress, token: () => maru.token("shop") });
});
afterAll(async () => {
  await client?.close();
  await maru?.close();
});

/** A room whose entries from 2 on are messages. */
async function openRoom(messageCount: number): Promise<string> {
  const { room } = await client.rooms.create({ actor, kind: "group", members: [{ userId: "ann" }] });
  const roomId = room?.roomId ?? "";
  await send(roomId, messageCount);
  return roomId;
}

async function send(roomId: string, count: number): Promise<void> {
  for (let at = 0; at < count; at++) await client.messages.send({ roomId, actor, content: text(`${at}`) });
}

/** Consumers of a group of their own that write down which messages of which rooms they were handed. */
function openGroup(roomIds: readonly string[], options: Partial<SubscribeOptions> = {}) {
  const group = `group-${++groupCount}`;
  const handled: string[] = [];
  const contexts = new Map<string, EventContext>();
  const warnings: ConsumerWarning[] = [];
  const failing = new Set<string>();
  const calls = new Map<string, number>();
  const name = (roomId: string, seq: number) => `${String.fromCharCode(97 + roomIds.indexOf(roomId))}${seq}`;
  const handlers: Handlers = {
    messageSent({ roomId, seq }, ctx) {
      if (!roomIds.includes(roomId)) return;
      const what = name(roomId, seq);
      calls.set(what, (calls.get(what) ?? 0) + 1);
      contexts.set(what, ctx);
      if (failing.has(what)) throw new Error(`${what} is poison`);
      handled.push(what);
    },
  };
  const start = () =>
    subscribe(
      client,
      {
        brokers: maru.broker,
        group,
        retry,
        commitIntervalMs: 1,
        onWarning: (warning) => void warnings.push(warning),
        ...options,
      },
      handlers,
    );
  return { group, handled, contexts, warnings, failing, calls, start, ofRoom: (letter: string) => of(handled, letter) };
}

const of = (handled: readonly string[], letter: string) => handled.filter((what) => what.startsWith(letter));

/** What stands in a topic of dead letters, by key. */
function standing(topic: string): Map<string, DeadLetter> {
  const letters = new Map<string, DeadLetter>();
  if (!maru.broker.topics.includes(topic)) return letters;
  for (const { key: bytes, value } of maru.broker.topic(topic).records()) {
    const key = Buffer.from(bytes).toString();
    if (value === null) letters.delete(key);
    else letters.set(key, fromBinary(DeadLetterSchema, value));
  }
  return letters;
}

const parkedOf = (group: string) => standing(parkedTopic(group));

async function redrive(group: string, roomId: string): Promise<void> {
  const { requested } = await redriveDeadLetters({ brokers: maru.broker, group, roomIds: [roomId] });
  expect(requested).toBe(1);
}

async function allCommitted(group: string): Promise<boolean> {
  const topic = maru.topic.name;
  const committed = await maru.broker.committedOffsets(group, topic);
  const held = await maru.broker.topicOffsets(topic);
  return held.every(({ partition, highOffset }) => (committed.get(partition) ?? 0n) === highOffset);
}

const closed = async (consumer: RoomConsumer) => {
  await consumer.close();
  await consumer.done;
};

test("a poison message parks its room and nobody else's; after a redrive the room goes on in order, without repeat or seam", async () => {
  const [a, b] = [await openRoom(3), await openRoom(3)];
  const { group, handled, warnings, failing, calls, start, ofRoom } = openGroup([a, b]);
  failing.add("a3");
  await using _ = await start();
  await expect
    .poll(() => parkedOf(group).get(a), patience)
    .toMatchObject({
      ...{ group, roomId: a, seq: 3, type: "message_sent", attemptCount: 3, error: "a3 is poison" },
      ...{ state: DeadLetterState.PARKED, topic: maru.topic.name },
    });
  await send(a, 3);
  await send(b, 3);
  await expect.poll(() => ofRoom("b"), patience).toEqual(["b2", "b3", "b4", "b5", "b6", "b7"]);
  await expect.poll(() => allCommitted(group), patience).toBe(true);
  expect([ofRoom("a"), calls.get("a3")]).toEqual([["a2"], 3]);
  expect(warnings.map(({ code, roomId, seq }) => [code, roomId, seq]).at(-1)).toEqual(["parked", a, 3]);

  failing.clear();
  await redrive(group, a);
  await expect.poll(() => ofRoom("a"), patience).toEqual(["a2", "a3", "a4", "a5", "a6", "a7"]);
  await expect.poll(() => parkedOf(group).size, patience).toBe(0);
  await send(a, 2);
  await expect.poll(() => ofRoom("a").slice(6), patience).toEqual(["a8", "a9"]);
  expect(new Set(handled).size).toBe(handled.length);
});

test("what comes while a room is replayed is neither lost nor doubled", async () => {
  const a = await openRoom(1);
  const { group, failing, start, ofRoom } = openGroup([a]);
  failing.add("a2");
  await using _ = await start();
  await expect.poll(() => parkedOf(group).size, patience).toBe(1);
  await send(a, 205); // more than a page
  failing.clear();
  await redrive(group, a);
  await send(a, 15);
  await expect.poll(() => ofRoom("a").length, patience).toBe(221);
  expect(ofRoom("a")).toEqual(Array.from({ length: 221 }, (_, at) => `a${at + 2}`));
  await expect.poll(() => parkedOf(group).size, patience).toBe(0);
});

test("a room that fails again is parked again, with all attempts and the first time; elsewhere in the room with its own", async () => {
  const a = await openRoom(4);
  const { group, failing, start, ofRoom } = openGroup([a]);
  failing.add("a3");
  await using _ = await start();
  await expect.poll(() => parkedOf(group).get(a)?.attemptCount, patience).toBe(3);
  const first = parkedOf(group).get(a);
  await redrive(group, a);
  await expect.poll(() => parkedOf(group).get(a)?.attemptCount, patience).toBe(6);
  const second = parkedOf(group).get(a);
  expect(second).toMatchObject({ seq: 3, state: DeadLetterState.PARKED, firstFailedAt: first?.firstFailedAt });
  failing.clear();
  failing.add("a5");
  await redrive(group, a);
  await expect.poll(() => parkedOf(group).get(a), patience).toMatchObject({ seq: 5, attemptCount: 3 });
  expect(ofRoom("a")).toEqual(["a2", "a3", "a4"]);
  failing.clear();
  await redrive(group, a);
  await expect.poll(() => ofRoom("a"), patience).toEqual(["a2", "a3", "a4", "a5"]);
});

test("parked rooms wait over restarts and rebalances, and a redrive that was asked for meanwhile is done at the next start", async () => {
  const a = await openRoom(3);
  const { group, failing, start, ofRoom } = openGroup([a]);
  failing.add("a3");
  const first = await start();
  await expect.poll(() => parkedOf(group).size, patience).toBe(1);
  await closed(first);
  await send(a, 1);
  failing.clear();

  const second = await start();
  await maru.faults.rebalance(group);
  await expect.poll(() => allCommitted(group), patience).toBe(true);
  expect(ofRoom("a")).toEqual(["a2"]);
  await closed(second);
  await redrive(group, a);
  await send(a, 1);

  await using _ = await start();
  await expect.poll(() => ofRoom("a"), patience).toEqual(["a2", "a3", "a4", "a5", "a6"]);
  await expect.poll(() => parkedOf(group).size, patience).toBe(0);
});

test("nothing begins before the letters are known that stood when the partition was assigned", async () => {
  const a = await openRoom(3);
  const { group, failing, start, ofRoom } = openGroup([a]);
  failing.add("a3");
  const first = await start();
  await expect.poll(() => parkedOf(group).size, patience).toBe(1);
  await closed(first);
  failing.clear();
  await send(a, 2);

  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const slow: Broker = {
    ...maru.broker,
    async followPartitions(range, onRecords) {
      asked.resolve();
      await gate.promise;
      await maru.broker.followPartitions(range, onRecords);
    },
  };
  const restarted = openGroup([a], { brokers: slow, group });
  await using consumer = await restarted.start();
  await asked.promise;
  await expect.poll(() => consumer.partitions.length, patience).toBe(3);
  expect(consumer.partitions.every(({ startOffset, position }) => position === startOffset)).toBe(true);
  gate.resolve();
  await expect.poll(() => allCommitted(group), patience).toBe(true);
  expect([ofRoom("a"), restarted.handled]).toEqual([["a2"], []]);
});

test("with skip the room goes on, and a redrive hands over the one event, outside of the order", async () => {
  const a = await openRoom(4);
  const { group, contexts, warnings, failing, start, ofRoom } = openGroup([a], { onFailure: "skip" });
  const topic = deadLettersTopic(group);
  const key = `${a}/3`;
  failing.add("a3");
  await using _ = await start();
  await expect.poll(() => ofRoom("a"), patience).toEqual(["a2", "a4", "a5"]);
  expect(standing(topic).get(key)).toMatchObject({ seq: 3, attemptCount: 3, state: DeadLetterState.SKIPPED });
  expect(warnings.at(-1)).toMatchObject({ code: "skipped", roomId: a, seq: 3 });
  await expect.poll(() => allCommitted(group), patience).toBe(true);

  await redrive(group, a);
  await expect.poll(() => standing(topic).get(key)?.attemptCount, patience).toBe(6);
  failing.clear();
  await redrive(group, a);
  await expect.poll(() => ofRoom("a"), patience).toEqual(["a2", "a4", "a5", "a3"]);
  expect(contexts.get("a3")).toMatchObject({ redelivered: true, attempt: 1 });
  expect(contexts.get("a5")).toMatchObject({ redelivered: false });
  await expect.poll(() => standing(topic).size, patience).toBe(0);
});

test("with stop the consumer ends at the event, and no topic is made", async () => {
  const a = await openRoom(3);
  const { group, failing, start, ofRoom } = openGroup([a], { onFailure: "stop" });
  failing.add("a3");
  await using consumer = await start();
  const error = await consumer.done.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HandlerFailedError);
  expect(error).toMatchObject({ roomId: a, seq: 3, attempts: 3 });
  expect(ofRoom("a")).toEqual(["a2"]);
  expect(maru.broker.topics).not.toContain(parkedTopic(group));
});

test("a group that stops now honours the rooms that it parked when it had another policy", async () => {
  const a = await openRoom(3);
  const parking = openGroup([a]);
  parking.failing.add("a3");
  const first = await parking.start();
  await expect.poll(() => parkedOf(parking.group).size, patience).toBe(1);
  await closed(first);
  await send(a, 1);
  const { handled, start } = openGroup([a], { group: parking.group, onFailure: "stop" });
  await using _ = await start();
  await expect.poll(() => allCommitted(parking.group), patience).toBe(true);
  expect(handled).toEqual([]);
  await redrive(parking.group, a);
  await expect.poll(() => handled, patience).toEqual(["a3", "a4", "a5"]);
});

/** Writes a letter as a consumer does that had the partition before, and does not know yet that it lost it. */
async function writeFromElsewhere(group: string, roomId: string, seq: number | null): Promise<void> {
  await using producer = await maru.broker.startProducer();
  const partition = partitionOf(roomId, 3);
  const letter = { group, roomId, seq: seq ?? 0, state: DeadLetterState.PARKED, topic: maru.topic.name, partition };
  const value = seq === null ? null : toBinary(DeadLetterSchema, create(DeadLetterSchema, letter));
  await producer.send(parkedTopic(group), { key: roomId, partition, value });
}

test("a letter from elsewhere of what has been done here is removed, and the room goes on", async () => {
  const a = await openRoom(3);
  const { group, start, ofRoom } = openGroup([a]);
  await using _ = await start();
  await expect.poll(() => ofRoom("a").length, patience).toBe(3);
  await writeFromElsewhere(group, a, 3);
  await expect.poll(() => parkedOf(group).size, patience).toBe(0);
  await send(a, 1);
  await expect.poll(() => ofRoom("a"), patience).toEqual(["a2", "a3", "a4", "a5"]);
});

test("a letter from elsewhere of what is not done here parks the room", async () => {
  const a = await openRoom(2);
  const { group, start, ofRoom } = openGroup([a]);
  await using _ = await start();
  await expect.poll(() => ofRoom("a").length, patience).toBe(2);
  await writeFromElsewhere(group, a, 4);
  await expect.poll(() => parkedOf(group).size, patience).toBe(1);
  await send(a, 2);
  await expect.poll(() => allCommitted(group), patience).toBe(true);
  expect(ofRoom("a")).toEqual(["a2", "a3"]);
  await redrive(group, a);
  await expect.poll(() => ofRoom("a"), patience).toEqual(["a2", "a3", "a4", "a5"]);
});

test("a room whose letter somebody else removed goes on behind the entry that failed, from the table", async () => {
  const a = await openRoom(3);
  const { group, failing, start, ofRoom } = openGroup([a]);
  failing.add("a3");
  await using _ = await start();
  await expect.poll(() => parkedOf(group).size, patience).toBe(1);
  await send(a, 2);
  await expect.poll(() => allCommitted(group), patience).toBe(true);
  await writeFromElsewhere(group, a, null);
  await expect.poll(() => ofRoom("a"), patience).toEqual(["a2", "a4", "a5", "a6"]);
  await send(a, 1);
  await expect.poll(() => ofRoom("a").at(-1), patience).toBe("a7");
});
