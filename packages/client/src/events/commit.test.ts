import fc from "fast-check";
import { expect, test } from "vitest";
import { createOffsetTracker } from "./commit.ts";

test("what may be committed is the lowest offset that is not done, whatever the order of finishing", () => {
  const offsetsAndOrder = fc
    .uniqueArray(fc.bigInt({ min: 0n, max: 1n << 62n }), { minLength: 1, maxLength: 60 })
    .map((offsets) => offsets.sort((a, b) => (a < b ? -1 : 1)))
    .chain((offsets) =>
      fc.record({
        offsets: fc.constant(offsets),
        finished: fc.shuffledSubarray(offsets),
        takenFirst: fc.integer({ min: 0, max: offsets.length }),
      }),
    );
  fc.assert(
    fc.property(offsetsAndOrder, ({ offsets, finished, takenFirst }) => {
      const tracker = createOffsetTracker();
      const taken = new Map(offsets.slice(0, takenFirst).map((offset) => [offset, tracker.take(offset)]));
      const done = new Set<bigint>();
      const check = () => {
        const known = [...taken.keys()];
        const lowest = known.find((offset) => !done.has(offset));
        const last = known.at(-1);
        expect(tracker.next).toBe(lowest ?? (last === undefined ? undefined : last + 1n));
        expect(tracker.uncommittedCount).toBe(lowest === undefined ? 0 : known.length - known.indexOf(lowest));
      };
      const finish = (offset: bigint) => {
        const one = taken.get(offset);
        if (!one) return;
        tracker.finish(one);
        done.add(offset);
        check();
      };
      check();
      for (const offset of finished.slice(0, finished.length / 2)) finish(offset);
      for (const offset of offsets.slice(takenFirst)) taken.set(offset, tracker.take(offset));
      for (const offset of finished) finish(offset);
    }),
  );
});

test("a long run keeps only what is not committed", () => {
  const tracker = createOffsetTracker();
  for (let offset = 0n; offset < 10_000n; offset++) tracker.finish(tracker.take(offset));
  expect(tracker.next).toBe(10_000n);
  expect(tracker.uncommittedCount).toBe(0);
});

test("an offset that does not rise is refused", () => {
  const tracker = createOffsetTracker();
  tracker.take(5n);
  expect(() => tracker.take(5n)).toThrow(RangeError);
});

test("a record that is done when it is taken holds up nothing, and is held up by what is not done before it", () => {
  const tracker = createOffsetTracker();
  tracker.takeFinished(4n);
  expect([tracker.next, tracker.uncommittedCount]).toEqual([5n, 0]);
  const waiting = tracker.take(7n);
  tracker.takeFinished(8n);
  expect([tracker.next, tracker.uncommittedCount]).toEqual([7n, 2]);
  tracker.finish(waiting);
  expect([tracker.next, tracker.uncommittedCount]).toEqual([9n, 0]);
  expect(() => tracker.takeFinished(8n)).toThrow(RangeError);
});
