import { create } from "@bufbuild/protobuf";
import { type Entry, EntrySchema } from "@maru/protocol";
import { expect, it } from "vitest";
import { createPublishQueue } from "./publish-queue.ts";

const entry = (roomId: string, seq: number) => create(EntrySchema, { roomId, seq });

function queueWith(publish: (entries: readonly Entry[]) => Promise<void>, maxEntries = 100) {
  const published: string[] = [];
  const dropped: number[] = [];
  const queue = createPublishQueue({
    publisher: {
      async publishEntries(entries) {
        await publish(entries);
        published.push(entries.map(({ roomId, seq }) => `${roomId}${seq}`).join(" "));
      },
    },
    maxEntries,
    onDropped: (count) => dropped.push(count),
  });
  return { queue, published, dropped };
}

it("publishes a room's entries in order, and what came meanwhile together", async () => {
  const { queue, published } = queueWith(async () => new Promise((done) => setImmediate(done)));
  for (const seq of [1, 2, 3]) queue.add(entry("a", seq));
  queue.add(entry("b", 1));
  await queue.settle();
  expect(published).toEqual(["a1", "b1", "a2 a3"]);
  expect(queue.size).toBe(0);
});

it("leaves to the gateways what it cannot publish, with what waits behind it, and goes on", async () => {
  let isAway = true;
  const { queue, published, dropped } = queueWith(async () => {
    await new Promise((done) => setImmediate(done));
    if (isAway) throw new Error("Redis is away");
  });
  for (const seq of [1, 2, 3]) queue.add(entry("a", seq));
  await queue.settle();
  isAway = false;
  queue.add(entry("a", 4));
  await queue.settle();
  expect({ published, dropped, size: queue.size }).toEqual({ published: ["a4"], dropped: [3], size: 0 });
});

it("holds no more than it may", async () => {
  const going = Promise.withResolvers<void>();
  const { queue, published, dropped } = queueWith(() => going.promise, 2);
  for (const seq of [1, 2, 3]) queue.add(entry("a", seq));
  going.resolve();
  await queue.settle();
  expect({ published, dropped }).toEqual({ published: ["a1", "a2"], dropped: [1] });
});
