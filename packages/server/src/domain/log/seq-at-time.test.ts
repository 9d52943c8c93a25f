import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema } from "@maru/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { LoggedEntry, Store } from "../store.ts";
import { seqAtTime } from "./seq-at-time.ts";

const startMs = 1_000;

/** A room whose entry n was made at the n-th time, without the removed ones. */
function storeOf(timesMs: readonly number[], removed: ReadonlySet<number>) {
  const entries = timesMs.map(
    (timeMs, index): LoggedEntry => ({
      entry: create(EntrySchema, { seq: index + 1, createdAt: timestampFromMs(timeMs) }),
      requestHash: undefined,
      appendedAtMs: timeMs,
    }),
  );
  const held = entries.filter(({ entry }) => !removed.has(entry.seq));
  const reads = { count: 0 };
  const readEntries: Store["readEntries"] = async ({ after = 0, newestFirst = false, limit }) => {
    reads.count++;
    const found = held.filter(({ entry }) => entry.seq > after);
    return (newestFirst ? found.reverse() : found).slice(0, limit);
  };
  return { store: { readEntries } as Store, reads, held };
}

const times = fc
  .array(fc.nat({ max: 3 }), { maxLength: 60 })
  .map((steps) => steps.map((_, index) => steps.slice(0, index + 1).reduce((sum, step) => sum + step, startMs)));

it("finds the first entry made at a time or later, over equal times and what retention removed", async () => {
  const someRemoved = fc.array(fc.integer({ min: 1, max: 60 }));
  await fc.assert(
    fc.asyncProperty(
      times,
      someRemoved,
      fc.integer({ min: startMs - 2, max: startMs + 200 }),
      async (all, gone, atMs) => {
        const { store, held } = storeOf(all, new Set(gone.filter((seq) => seq < all.length)));
        const seq = await seqAtTime(store, "r", atMs);
        const isLater = ({ appendedAtMs }: LoggedEntry) => appendedAtMs >= atMs;
        // What the number splits is what the time splits; where entries are missing, more than one number does.
        expect(held.filter(({ entry }) => entry.seq >= seq)).toEqual(held.filter(isLater));
      },
    ),
  );
});

it("reads about as often as the log's length can be halved", async () => {
  const { store, reads } = storeOf(
    Array.from({ length: 10_000 }, (_, index) => startMs + index),
    new Set(),
  );
  expect(await seqAtTime(store, "r", startMs + 1_233)).toBe(1_234);
  expect(reads.count).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(10_001)));
});

it("is the number after the tail when all is older, and 1 in a room without entries", async () => {
  expect(await seqAtTime(storeOf([startMs, startMs], new Set()).store, "r", startMs + 1)).toBe(3);
  expect(await seqAtTime(storeOf([], new Set()).store, "r", startMs)).toBe(1);
});
