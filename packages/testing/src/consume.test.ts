import { connectMaru, type Maru, text, user } from "@maru/client";
import { type ConsumeOptions, type ConsumerWarning, consume, listDeadLetters } from "@maru/client/events";
import { OffsetLostError } from "@maru/kafka";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type MemoryTx, memoryPositions } from "./memory-positions.ts";
import { startTestMaru } from "./start-test-maru.ts";
import type { TestMaru } from "./test-maru.ts";

const actor = user("ann");
const patience = { timeout: 10_000, interval: 5 };
let maru: TestMaru;
let client: Maru;
let roomId: string;
let warnings: ConsumerWarning[];

beforeEach(async () => {
  warnings = [];
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

function loop<Tx = undefined>(options: Partial<ConsumeOptions<Tx>> = {}) {
  return consume<Tx>(client, {
    brokers: maru.broker,
    group: "push",
    commitIntervalMs: 1,
    retry: { maxAttempts: 2, firstBackoffMs: 1 },
    onWarning: (warning) => void warnings.push(warning),
    ...options,
  });
}

async function committed(): Promise<bigint | undefined> {
  return (await maru.broker.committedOffsets("push", maru.topic.name)).get(0);
}

test("a loop gets the events in order, holes healed, and an event is done when it asks for the next one", async () => {
  using _ = maru.faults.hole({ roomId, seq: 3 });
  await send(4);
  const seen: string[] = [];
  for await (const { event } of loop()) {
    if (event.kind === "gap") continue;
    expect((await committed()) ?? 0n).toBeLessThan(BigInt(event.seq));
    seen.push(`${event.seq} ${event.kind}${event.healed ? " healed" : ""}`);
    if (event.seq === 5) break;
  }
  expect(seen).toEqual(["1 roomCreated", "2 messageSent", "3 messageSent healed", "4 messageSent", "5 messageSent"]);
  expect(await committed()).toBe(3n); // of the four that came, the last one was left
  expect(warnings).toEqual([]);
});

test("leaving the loop leaves its event for the next one, unless it was said to be done; so does an error", async () => {
  await send(3);
  for await (const { event } of loop()) if (event.kind === "messageSent" && event.seq === 2) break;
  await expect(
    (async () => {
      for await (const { event } of loop()) {
        expect(event).toMatchObject({ seq: 2 });
        throw new Error("the loop's own");
      }
    })(),
  ).rejects.toThrow("the loop's own");
  for await (const { event, done } of loop()) {
    expect(event).toMatchObject({ seq: 2 });
    done();
    break;
  }
  for await (const { event } of loop()) {
    expect(event).toMatchObject({ seq: 3 });
    break;
  }
  expect(warnings).toEqual([]);
});

test("an event that failed comes again, and when no attempt is left its room is parked, and the loop goes on", async () => {
  await send(2);
  const attempts: string[] = [];
  const events = loop();
  for await (const { event, ctx, failed } of events) {
    if (event.kind === "gap" || event.roomId !== roomId) break;
    attempts.push(`${event.seq}#${ctx.attempt}`);
    if (event.seq === 3) failed(new Error("poison"));
    if (event.seq === 3 && ctx.attempt === 2) {
      const { room } = await client.rooms.create({ actor, kind: "group", members: [{ userId: "ann" }] });
      expect(room).toBeDefined();
    }
  }
  expect(attempts).toEqual(["1#1", "2#1", "3#1", "3#2"]);
  expect(await listDeadLetters({ brokers: maru.broker, group: "push" })).toMatchObject([{ roomId, seq: 3 }]);
  expect(warnings.map(({ code }) => code)).toEqual(["handlerFailed", "parked"]);
});

test("closed from outside, the loop ends when it asks for the next event, and what it was at is done", async () => {
  await send(3);
  const events = loop();
  const seqs: number[] = [];
  let closing: Promise<void> | undefined;
  for await (const { event } of events) {
    if (event.kind === "gap") continue;
    if (event.seq === 2) closing = events.close();
    seqs.push(event.seq);
  }
  await closing;
  expect(seqs).toEqual([1, 2]);
  expect(await committed()).toBe(2n);

  const idle = loop({ group: "idle", fromBeginning: false });
  const over = (async () => {
    for await (const _ of idle) expect.unreachable();
  })();
  await expect.poll(() => idle.partitions.length, patience).toBe(1);
  await idle.close();
  await over;
  await expect(idle[Symbol.asyncIterator]).toThrow("looped over once");
});

test("what stops the consumer is thrown in the loop", async () => {
  await send(1);
  for await (const { event } of loop()) if (event.kind === "messageSent") break;
  await send(1);
  maru.faults.dropRecords();
  const looping = (async () => {
    for await (const _ of loop()) expect.unreachable();
  })();
  await expect(looping).rejects.toBeInstanceOf(OffsetLostError);
});

test("with positions, what is written through ctx.tx is stored with the event", async () => {
  await send(2);
  const written: number[] = [];
  for await (const { event, ctx } of loop<MemoryTx>({ positions: memoryPositions() })) {
    if (event.kind === "gap") continue;
    ctx.tx.add(() => written.push(event.seq));
    if (event.seq === 3) break;
  }
  expect(written).toEqual([1, 2]);
});
