import { connectMaru, type Maru, text, user } from "@maru/client";
import { type AnyEvent, type ConsumerTracing, type DeliveryFacts, subscribe } from "@maru/client/events";
import { prometheusMetrics } from "@maru/client/metrics/prometheus";
import { Registry } from "prom-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestMaru } from "./start-test-maru.ts";
import type { TestMaru } from "./test-maru.ts";

const actor = user("ann");
const patience = { timeout: 10_000, interval: 5 };
let maru: TestMaru;
let client: Maru;

beforeAll(async () => {
  maru = await startTestMaru({ partitions: 3 });
  client = connectMaru({ address: maru.grpcAddress, token: () => maru.token("shop") });
});
afterAll(async () => {
  await client?.close();
  await maru?.close();
});

async function openRoom(messageCount: number): Promise<string> {
  const { room } = await client.rooms.create({ actor, kind: "group", members: [{ userId: "ann" }] });
  const roomId = room?.roomId ?? "";
  for (let at = 0; at < messageCount; at++) await client.messages.send({ roomId, actor, content: text(`${at}`) });
  return roomId;
}

test("a consumer says how far it is behind, and in which rooms the most waits", async () => {
  const [busy, calm] = [await openRoom(5), await openRoom(2)];
  let finish = () => {};
  const held = new Promise<void>((resolve) => (finish = resolve));
  await using consumer = await subscribe(
    client,
    { brokers: maru.broker, group: "behind" },
    { messageSent: () => held },
  );
  await expect.poll(() => consumer.lag().rooms.map(({ roomId }) => roomId), patience).toEqual([busy, calm]);
  const { partitions, rooms } = consumer.lag();
  expect(rooms).toMatchObject([
    { eventCount: 5, seq: 2 },
    { eventCount: 2, seq: 2 },
  ]);
  expect(partitions.reduce((sum, { eventCount }) => sum + eventCount, 0)).toBeGreaterThanOrEqual(7);
  expect(Math.max(...partitions.map(({ seconds }) => seconds ?? -1))).toBeGreaterThanOrEqual(0);
  finish();
  await expect.poll(() => consumer.lag().rooms, patience).toEqual([]);
  expect(consumer.lag().partitions.every(({ eventCount }) => eventCount === 0)).toBe(true);
});

test("metrics and tracing see each handler, and the gauges end with the consumer", async () => {
  const roomId = await openRoom(3);
  const traced: [AnyEvent, DeliveryFacts][] = [];
  const tracing: ConsumerTracing = {
    async traceHandler(event, ctx, run) {
      traced.push([event, ctx]);
      await run();
    },
  };
  const registry = new Registry();
  const metrics = prometheusMetrics(registry);
  const lines = async () => (await registry.metrics()).split("\n");
  let failed = false;
  const consumer = await subscribe(
    client,
    { brokers: maru.broker, group: "seen", metrics, tracing, retry: { firstBackoffMs: 1 }, onWarning: () => {} },
    {
      messageSent(event) {
        if (event.roomId !== roomId || event.seq !== 3 || failed) return;
        failed = true;
        throw new Error("not yet");
      },
    },
  );
  const ofRoom = () =>
    traced.filter(([event]) => event.roomId === roomId).map(([{ seq }, { attempt }]) => [seq, attempt]);
  await expect.poll(ofRoom, patience).toEqual([
    [2, 1],
    [3, 1],
    [3, 2],
    [4, 1],
  ]);
  const [event, ctx] = traced.at(-1) ?? [];
  const stamps = [event?.committedAt, event?.relayedAt, ctx?.kafkaTimestamp, ctx?.receivedAt, ctx?.handledAt];
  const times = stamps.map((stamp) => stamp?.getTime() ?? Number.NaN);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  const isGauge = (line: string) => /^maru_consumer_(partitions|lag_events|in_flight)\{/.test(line);
  const told = await lines();
  expect(told).toContain('maru_consumer_events_total{group="seen",kind="messageSent",outcome="failed"} 1');
  expect(told).toContain('maru_consumer_retries_total{group="seen"} 1');
  expect(told).toContain('maru_consumer_partitions{group="seen",topic="maru.room-events.v1"} 3');
  expect(told.filter(isGauge)).toHaveLength(5);
  await consumer.close();
  expect((await lines()).filter(isGauge)).toEqual([]);
});
