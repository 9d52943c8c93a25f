import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RepairLease, Repairs } from "../src/domain/repair.ts";
import type { Store } from "../src/domain/store.ts";
import { createLog } from "../src/log.ts";
import { startRepairWalker } from "../src/relay/repair-walker.ts";
import type { OutgoingEvent } from "../src/relay/to-event.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { createRepairs, type RepairTable } from "../src/store/repairs.ts";
import { fillRoom, newMetrics, type TopicEvent, topics, toTopicEvent } from "./relay-parts.ts";
import { until } from "./relay-world.ts";
import { testTables } from "./store-tables.ts";

const ttlMs = 10_000;
const one = { id: "one", sinceMs: 2_000 };
const other = { id: "other", sinceMs: 1_500 };
const lost = { kind: "lost" };
const held = { kind: "held" };
const there = { cursor: { bucket: 7, afterRoomId: "r" }, roomsDone: 30, eventsEmitted: 4 };

let table: Omit<RepairTable, "roomTable">;
let repairs: Repairs;
beforeAll(async () => {
  const { client, controlTableName } = await testTables();
  table = { client, tableName: controlTableName };
});
beforeEach(() => {
  repairs = createRepairs({ ...table, roomTable: randomUUID() });
});

async function acquired(owner: string, nowMs: number): Promise<RepairLease> {
  const lease = await repairs.acquire(owner, { nowMs, ttlMs });
  if (lease === undefined) throw new Error(`${owner} did not get the repair`);
  return lease;
}

describe("the repair in the control table", () => {
  test("is one, however many relays notice the same losses at once", async () => {
    const noted = await Promise.all(Array.from({ length: 8 }, () => repairs.note([one, other], 9_000)));
    expect(noted.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await repairs.read()).toMatchObject({ losses: ["one", "other"], sinceMs: 1_500, revision: 1, done: false });
  });

  test("is walked by one relay, and by another from where it stopped, whose word then counts alone", async () => {
    await repairs.note([one], 9_000);
    const first = await acquired("first", 10_000);
    expect(await repairs.acquire("second", { nowMs: 19_999, ttlMs })).toBeUndefined();
    expect(await repairs.renew(first, { nowMs: 15_000, ttlMs })).toEqual(held);
    expect(await repairs.save(first, there)).toEqual(held);
    const second = await acquired("second", 25_000);
    expect(second.repair.progress).toEqual(there);
    expect(await repairs.save(first, { ...there, roomsDone: 99 })).toEqual(lost);
    expect(await repairs.renew(first, { nowMs: 25_000, ttlMs })).toEqual(lost);
    expect(await repairs.finish(first, there)).toEqual(lost);
    expect((await repairs.read())?.progress.roomsDone).toBe(30);
    expect(await repairs.finish(second, there)).toEqual(held);
    expect(await repairs.read()).toMatchObject({ done: true });
    expect(await repairs.acquire("third", { nowMs: 99_000, ttlMs })).toBeUndefined();
  });

  test("begins again when another loss joins it, and who walks learns of it by losing the lease", async () => {
    await repairs.note([one], 9_000);
    const walking = await acquired("first", 10_000);
    await repairs.save(walking, there);
    expect((await repairs.note([one], 10_001)).isNew).toBe(false);
    expect(await repairs.save(walking, there)).toEqual(held);
    expect((await repairs.note([other], 10_002)).isNew).toBe(true);
    expect(await repairs.save(walking, there)).toEqual(lost);
    expect((await acquired("first", 10_003)).repair).toMatchObject({
      sinceMs: 1_500,
      progress: { cursor: { bucket: 0 }, roomsDone: 0, eventsEmitted: 4 },
    });
  });

  test("from the beginning of the table has no time", async () => {
    await repairs.note([{ id: "first", sinceMs: undefined }], 9_000);
    expect(await repairs.read()).toMatchObject({ sinceMs: undefined, losses: ["first"] });
  });
});

describe("the walk", () => {
  const roomIds = Array.from({ length: 40 }, (_, at) => `room-${at}`);
  let store: Store;
  let topic: TopicEvent[];
  let looked: string[];
  beforeEach(async () => {
    store = createMemoryStore();
    for (const roomId of roomIds) await fillRoom(store, roomId, 4);
    topic = [];
    looked = [];
    await repairs.note([{ id: "one", sinceMs: 3_000 }], Date.now());
  });

  const walker = (
    lease: RepairLease,
    options: { roomsPerSecond?: number; everyMs?: number; send?: (n: number) => Promise<void> } = {},
  ) =>
    startRepairWalker(
      {
        repairs,
        store: {
          ...store,
          readEntries(range) {
            if (range.newestFirst) looked.push(range.roomId);
            return store.readEntries(range);
          },
        },
        sink: {
          async send(events: readonly OutgoingEvent[]) {
            await options.send?.(topic.length);
            topic.push(...events.map(toTopicEvent));
          },
        },
        clock: { nowMs: Date.now },
        log: createLog("silent"),
        metrics: newMetrics(),
        topics,
        deadLetterTopic: "dead",
        source: "test",
        leaseTtlMs: ttlMs,
        maxBatchBytes: 400,
        stalledAfterMs: 30_000,
        checkpointEveryMs: options.everyMs ?? 50,
        repairRoomsPerSecond: options.roomsPerSecond ?? 10_000,
        repairDelayMs: 0,
      },
      lease,
    );

  test("hands on of each room what was appended since, in order, and says so", async () => {
    expect(await walker(await acquired("a", Date.now())).done).toBe("done");
    for (const roomId of roomIds) {
      const events = topic.filter((event) => event.roomId === roomId);
      expect(events).toMatchObject([{ seq: 3, healed: true }, { seq: 4, healed: true }]); // biome-ignore format: a row
    }
    expect(await repairs.read()).toMatchObject({ done: true, progress: { roomsDone: 40, eventsEmitted: 80 } });
  });

  test("goes on where it was stopped, at its pace, and visits no room twice", async () => {
    const first = walker(await acquired("a", Date.now()), { roomsPerSecond: 1 });
    await until(
      async () => ((await repairs.read())?.progress.roomsDone ?? 0) > 0,
      () => repairs.read(),
    );
    expect(looked.length).toBeLessThan(20);
    first.stop();
    expect(await first.done).toBe("stopped");
    const visited = new Set(looked.splice(0));
    await walker(await acquired("b", Date.now())).done;
    expect(looked.filter((roomId) => visited.has(roomId))).toEqual([]);
    expect(new Set([...looked, ...visited]).size).toBe(40);
    expect(topic).toHaveLength(80);
  });

  test("goes on after a crash from the last rooms that were acknowledged, and leaves none out", async () => {
    const first = walker(await acquired("a", Date.now()), {
      everyMs: 0,
      send: async (sent) => {
        if (sent > 30) throw new Error("the brokers are gone");
      },
    });
    await expect(first.done).rejects.toThrow("the brokers are gone");
    await walker(await acquired("a", Date.now())).done;
    for (const roomId of roomIds) {
      const seqs = new Set(topic.filter((event) => event.roomId === roomId).map(({ seq }) => seq));
      expect([...seqs]).toEqual([3, 4]);
    }
    expect(await repairs.read()).toMatchObject({ done: true, progress: { roomsDone: 40 } });
  });

  test("ends when another loss is noted meanwhile", async () => {
    const lease = await acquired("a", Date.now());
    await repairs.note([other], Date.now());
    await expect(walker(lease).done).rejects.toMatchObject({ name: "LeaseLostError" });
  });
});
