import fc from "fast-check";
import { expect, it } from "vitest";
import { missingOf, noteSeq, type RoomTrace } from "./room-trace.ts";

function traceOf(seqs: readonly number[], late: ReadonlySet<number> = new Set()): RoomTrace {
  let trace: RoomTrace | undefined;
  for (const seq of seqs) trace = noteSeq(trace, seq, () => late.has(seq));
  return trace as RoomTrace;
}

it("a room whose entries come one after the other is one range", () => {
  expect(traceOf([5, 6, 7, 8])).toMatchObject({
    ranges: [{ first: 5, last: 8 }],
    repeats: undefined,
    disordered: undefined,
  });
});

it("a hole is where nothing came, and it closes when the entry comes late", () => {
  const trace = traceOf([1, 2, 5]);
  expect(missingOf(trace.ranges, { first: 1, last: 6 })).toEqual([
    { first: 3, last: 4 },
    { first: 6, last: 6 },
  ]);
  noteSeq(trace, 4, () => true);
  noteSeq(trace, 3, () => true);
  expect(trace).toMatchObject({ ranges: [{ first: 1, last: 5 }], repeats: undefined, disordered: undefined });
});

it("what came before, or lies in a range, is a repeat, and what comes behind a later one is out of order", () => {
  expect(traceOf([1, 2, 3, 2, 3, 4])).toMatchObject({
    repeats: { first: 2, last: 3, count: 2 },
    disordered: undefined,
  });
  expect(traceOf([1, 4, 2, 3])).toMatchObject({ repeats: undefined, disordered: { first: 2, last: 3, count: 2 } });
});

it("what was written again on purpose is late, and not out of order", () => {
  expect(traceOf([1, 3, 2, 2], new Set([2]))).toMatchObject({ disordered: undefined, repeats: { count: 1 } });
});

it("however entries come, ranges hold each number that came once, ascending and apart", () => {
  const seqs = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
  fc.assert(
    fc.property(seqs, fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 10 }), (seen, first, more) => {
      const { ranges, repeats } = traceOf(seen);
      const held = ranges.flatMap((range) =>
        Array.from({ length: range.last - range.first + 1 }, (_, at) => range.first + at),
      );
      const distinct = [...new Set(seen)].toSorted((a, b) => a - b);
      expect(held).toEqual(distinct);
      for (const [at, range] of ranges.slice(1).entries())
        expect(range.first).toBeGreaterThan((ranges[at]?.last ?? 0) + 1);
      expect(repeats?.count ?? 0).toBe(seen.length - distinct.length);
      const missing = missingOf(ranges, { first, last: first + more }).flatMap((range) =>
        Array.from({ length: range.last - range.first + 1 }, (_, at) => range.first + at),
      );
      const wanted = Array.from({ length: more + 1 }, (_, at) => first + at);
      expect(missing).toEqual(wanted.filter((seq) => !distinct.includes(seq)));
    }),
  );
});
