/** Numbers from `first` to `last`, both included. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

/** Numbers that something is to be said of: how many, and between which. */
export interface SeqSpan extends SeqRange {
  readonly count: number;
}

/** Which entries of one room a part of the topic has. There may be millions of these at once. */
export interface RoomTrace {
  /** The number that came first. */
  readonly startSeq: number;
  /** Ascending, with something missing between any two. */
  ranges: SeqRange[];
  repeats: SeqSpan | undefined;
  disordered: SeqSpan | undefined;
}

/** Counts one record. `isLate` tells of a record out of order whether it was written again on purpose. */
export function noteSeq(trace: RoomTrace | undefined, seq: number, isLate: () => boolean): RoomTrace {
  if (trace === undefined) return started(seq);
  const { ranges } = trace;
  const end = ranges[ranges.length - 1] as SeqRange;
  if (seq === end.last + 1) {
    ranges[ranges.length - 1] = { first: end.first, last: seq };
  } else if (seq > end.last) {
    ranges.push({ first: seq, last: seq });
  } else if (ranges.some(({ first, last }) => first <= seq && seq <= last)) {
    trace.repeats = widened(trace.repeats, seq);
  } else {
    trace.ranges = withSeq(ranges, seq);
    if (!isLate()) trace.disordered = widened(trace.disordered, seq);
  }
  return trace;
}

function started(seq: number): RoomTrace {
  return { startSeq: seq, ranges: [{ first: seq, last: seq }], repeats: undefined, disordered: undefined };
}

function widened(span: SeqSpan | undefined, seq: number): SeqSpan {
  if (span === undefined) return { first: seq, last: seq, count: 1 };
  return { first: Math.min(span.first, seq), last: Math.max(span.last, seq), count: span.count + 1 };
}

function withSeq(ranges: readonly SeqRange[], seq: number): SeqRange[] {
  const before = ranges.filter(({ last }) => last < seq - 1);
  const after = ranges.filter(({ first }) => first > seq + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const first = Math.min(seq, ...touching.map((range) => range.first));
  const last = Math.max(seq, ...touching.map((range) => range.last));
  return [...before, { first, last }, ...after];
}

/** What of the numbers `first` to `last` the ranges lack. */
export function missingOf(ranges: readonly SeqRange[], { first, last }: SeqRange): SeqRange[] {
  const missing: SeqRange[] = [];
  let next = first;
  for (const range of ranges) {
    if (range.last < next) continue;
    if (range.first > last) break;
    if (range.first > next) missing.push({ first: next, last: range.first - 1 });
    next = range.last + 1;
  }
  if (next <= last) missing.push({ first: next, last });
  return missing;
}
