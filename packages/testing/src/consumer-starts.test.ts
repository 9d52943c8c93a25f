import { connectMaru, type Maru, text, user } from "@maru/client";
import { type ConsumerWarning, type SubscribeOptions, subscribe } from "@maru/client/events";
import { OffsetLostError } from "@maru/kafka";
import { afterEach, beforeEach, expect, test } from "vitest";
import { memoryPositions } from "./memory-positions.ts";
import { startTestMaru } from "./start-test-maru.ts";
import type { TestMaru } from "./test-maru.ts";

const actor = user("ann");
const patience = { timeout: 10_000, interval: 5 };
let maru: TestMaru;
let client: Maru;
let roomId: string;

beforeEach(async () => {
  maru = await startTestMaru({ partitions: 1 });
  client = connectMaru({ address: maru.grpcAddress, token: () => maru.token("shop") });
  const { room } = await client.rooms.create({ actor, kind: "group", members: [{ userId: "ann" }] });
  roomId = room?.roomId ?? "";
});
afterEach(async () => {
  await client?.close();
  await maru?.close();
});

async function send(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await client.messages.send({ roomId, actor, content: text(`${at}`) });
}

function openGroup<Tx = undefined>(options: Partial<SubscribeOptions<Tx>> = {}) {
  const seqs: string[] = [];
  const warnings: ConsumerWarning[] = [];
  const start = () =>
    subscribe<Tx>(
      client,
      {
        brokers: maru.broker,
        group: "push",
        commitIntervalMs: 1,
        onWarning: (warning) => void warnings.push(warning),
        ...options,
      },
      { messageSent: ({ seq, healed }) => seqs.push(healed ? `${seq} healed` : `${seq}`) },
    );
  return { seqs, warnings, start };
}

/** The group has done entries 1 to 3; what came then is gone from the topic before it came to it. */
async function loseEvents<Tx>(group: ReturnType<typeof openGroup<Tx>>): Promise<void> {
  await send(2);
  const first = await group.start();
  await expect.poll(() => group.seqs, patience).toEqual(["2", "3"]);
  await first.close();
  await first.done;
  await send(2);
  maru.faults.dropRecords();
}

test("a place to go on from that is gone stops the consumer with a typed error", async () => {
  const group = openGroup();
  await loseEvents(group);
  const consumer = await group.start();
  await expect(consumer.done).rejects.toBeInstanceOf(OffsetLostError);
});

test("told to heal, it goes on at the oldest event, and a room whose position is stored gets what it lacks from the table", async () => {
  const group = openGroup({ onOffsetLost: "heal", positions: memoryPositions() });
  await loseEvents(group);
  await using consumer = await group.start();
  await send(1);
  await expect.poll(() => group.seqs, patience).toEqual(["2", "3", "4 healed", "5 healed", "6"]);
  expect(group.warnings.map(({ code }) => code)).toEqual(["offsetLost"]);
  expect(group.warnings[0]?.message).toMatch(/wanted to go on at 3 of .*offsets 3 to 4 are gone; it goes on at 5/);
  expect(consumer.partitions).toMatchObject([{ startOffset: 5n, startsFrom: "lost" }]);
});

test("told to heal without positions, it says that events may have been missed", async () => {
  const group = openGroup({ onOffsetLost: "heal" });
  await loseEvents(group);
  await using _ = await group.start();
  await send(1);
  await expect.poll(() => group.seqs, patience).toEqual(["2", "3", "6"]);
  expect(group.warnings).toMatchObject([{ code: "offsetLost", message: expect.stringContaining("may have missed") }]);
});

test("a group that begins at the end, or where retention has taken the beginning, says where it begins", async () => {
  await send(2);
  const end = openGroup({ group: "end", fromBeginning: false });
  await using atEnd = await end.start();
  await expect.poll(() => atEnd.partitions, patience).toMatchObject([{ startOffset: 3n, startsFrom: "newest" }]);
  expect(end.warnings).toMatchObject([{ code: "startedAt", message: expect.stringContaining("/0 at 3, the newest") }]);

  const whole = openGroup({ group: "whole" });
  await using _ = await whole.start();
  await expect.poll(() => whole.seqs, patience).toEqual(["2", "3"]);
  expect(whole.warnings).toEqual([]);

  maru.faults.dropRecords();
  const cut = openGroup({ group: "cut" });
  await using atCut = await cut.start();
  await expect.poll(() => atCut.partitions, patience).toMatchObject([{ startOffset: 3n, startsFrom: "oldest" }]);
  expect(cut.warnings).toMatchObject([{ code: "startedAt", message: expect.stringContaining("/0 at 3, the oldest") }]);
});

test("over repeats, holes and rebalances, positions that are stored give each event its effect once, in order", async () => {
  const positions = memoryPositions();
  const group = openGroup({ positions });
  await using _ = await group.start();
  await send(2);
  using hole = maru.faults.hole({ roomId, type: "message_sent" });
  await send(1);
  await maru.faults.rebalance("push");
  maru.faults.repeat({ roomId });
  await send(2);
  await maru.faults.rebalance("push");
  await send(1);
  await expect.poll(() => group.seqs.at(-1), patience).toBe("7");
  expect(hole.count).toBe(1);
  expect(group.seqs).toEqual(["2", "3", "4 healed", "5", "6", "7"]);
});

test.for([true, false])(
  "events that an agent brought, which cannot set headers, are told once where no positions are stored: %s",
  async (hasPositions) => {
    await maru.broker.ensureTopic({ topic: "agent", partitionCount: 1, replicationFactor: 1 });
    const producer = await maru.broker.startProducer();
    const group = openGroup({ topic: "agent", ...(hasPositions ? { positions: memoryPositions() } : {}) });
    await using _consumer = await group.start();
    await send(2);
    for (const { key, value } of maru.topic.records()) await producer.send("agent", { key, value });
    await expect.poll(() => group.seqs, patience).toEqual(["2", "3"]);
    expect(group.warnings.map(({ code }) => code)).toEqual(hasPositions ? [] : ["agentPath"]);
  },
);
