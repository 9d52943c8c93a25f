import fc from "fast-check";
import { expect, it } from "vitest";
import {
  fillRoom,
  newMetrics,
  notingLetters,
  origin,
  recordOf,
  type TopicEvent,
  toTopicEvent,
} from "../../test/relay-parts.ts";
import type { Repair, RepairProgress, Repairs } from "../domain/repair.ts";
import type { Store } from "../domain/store.ts";
import { createLog } from "../log.ts";
import { createMemoryStore } from "../store/memory.ts";
import { createEventPipeline } from "./event-pipeline.ts";
import { createRoomOrder } from "./in-order.ts";
import { emitHole, relayChanges } from "./relay-changes.ts";
import { createRepairWatch } from "./repair-watch.ts";
import type { OutgoingEvent } from "./to-event.ts";
import { findUnsureEntries } from "./unsure-entries.ts";
import { walkRooms } from "./walk-rooms.ts";

const roomIds = ["a", "b", "c"];
const lastSeq = 12;

/**
 * A relay was away: each room was handed on up to somewhere, the stream has the rest from somewhere on, and records between
 * are gone. Then a walk and readers of the stream work at once, each batch of theirs at its own pace.
 */
const loss = fc.record({
  rooms: fc.tuple(...roomIds.map(() => fc.record({ acked: fc.nat(lastSeq), left: fc.nat(lastSeq) }))),
  readers: fc.integer({ min: 1, max: 3 }),
  batchBytes: fc.integer({ min: 1, max: 600 }),
  paces: fc.infiniteStream(fc.nat(6)),
  forgets: fc.boolean(),
});

it("first occurrences stay in order and none is missing, however the walk and the readers of the stream come to mix", async () => {
  await fc.assert(
    fc.asyncProperty(loss, async ({ rooms, readers, batchBytes, paces, forgets }) => {
      const store = createMemoryStore();
      for (const roomId of roomIds) await fillRoom(store, roomId, lastSeq);
      const topic: TopicEvent[] = [];
      const sink = {
        async send(events: readonly OutgoingEvent[]) {
          for (let turns = paces.next().value ?? 0; turns > 0; turns--) await new Promise((go) => setImmediate(go));
          topic.push(...events.map(toTopicEvent));
        },
      };
      // What was appended before was acknowledged, in every room.
      const sinceMs = 1_000 * Math.min(...rooms.map(({ acked }) => acked + 1));
      const progress: { now: RepairProgress } = { now: { cursor: { bucket: 0 }, roomsDone: 0, eventsEmitted: 0 } };
      const repair = () =>
        ({
          losses: ["x"],
          sinceMs,
          revision: 1,
          done: false,
          progress: progress.now,
          startedAtMs: 0,
          walkSinceMs: 0,
        }) satisfies Repair;
      const repairs = { read: async () => repair() } as Partial<Repairs> as Repairs;
      const clock = { nowMs: Date.now };
      const newPipeline = () =>
        createEventPipeline({ sink, maxBatchBytes: batchBytes, onAcknowledged: () => undefined });
      const parts = () => ({ store, metrics: newMetrics(), pipeline: newPipeline(), deadLetters: notingLetters() });

      const read = async () => {
        const watch = createRepairWatch({ repairs, store, clock, log: createLog("silent") });
        await watch.refresh();
        const { firstUnsure } = watch;
        // One that forgets rooms at once meets them anew with each record.
        const reading = { ...parts(), order: createRoomOrder(forgets ? 1 : 10), firstUnsure };
        for (const record of await streamOf(store, rooms)) {
          await watch.refresh();
          await relayChanges(reading, [record], origin);
        }
        await reading.pipeline.settle();
      };
      const walk = async () => {
        const walking = parts();
        const look = async (roomId: string) => {
          const { from, to } = await findUnsureEntries(store, roomId, sinceMs);
          return async () => {
            await emitHole(walking, { roomId, from, to }, origin);
            return to - from + 1;
          };
        };
        const from = progress.now;
        const steps = walkRooms({ store, look, settle: () => walking.pipeline.settle() }, from);
        for await (const step of steps) progress.now = step.progress;
      };
      await Promise.all([walk(), ...Array.from({ length: readers }, read)]);

      for (const [at, roomId] of roomIds.entries()) {
        const acked = rooms[at]?.acked ?? 0;
        const first = new Set(topic.filter((event) => event.roomId === roomId).map(({ seq }) => seq));
        const news = [...first].filter((seq) => seq > acked);
        expect(news).toEqual(Array.from({ length: lastSeq - acked }, (_, n) => acked + 1 + n));
      }
    }),
    { numRuns: 60 },
  );
});

/** What the stream still has: of each room its end, room by room mixed. */
async function streamOf(store: Store, rooms: readonly { readonly left: number }[]) {
  const logs = await Promise.all(
    roomIds.map(async (roomId, at) => {
      const log = await store.readEntries({ roomId, limit: 100 });
      return log.filter(({ entry }) => entry.seq > (rooms[at]?.left ?? 0));
    }),
  );
  return Array.from({ length: lastSeq }, (_, n) => logs.flatMap((log) => log[n] ?? []))
    .flat()
    .map(recordOf);
}
