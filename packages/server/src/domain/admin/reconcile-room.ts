import { ReconciliationProblem as Problem } from "@maru/protocol";
import { retentionMinAgeMs } from "../log/log.ts";
import type { LoggedEntry, Store } from "../store.ts";
import type { Finding } from "./reconciliation.ts";
import { missingOf, type RoomTrace, type SeqRange, type SeqSpan } from "./room-trace.ts";

const pageEntries = 100;

export interface RoomComparison {
  readonly store: Store;
  /** Entries that were appended before need not be in the part of the topic that was read. */
  readonly sinceMs: number;
  /** Entries at a room's end that were appended later may still be on their way. */
  readonly judgedUntilMs: number;
  /** Writes entries of one room into the topic again. */
  readonly refill: (entries: readonly LoggedEntry[]) => Promise<void>;
}

/** What comparing a room found. */
export interface RoomOutcome {
  /** Entries that were looked for. */
  readonly compared: number;
  readonly waiting: number;
  readonly findings: readonly Finding[];
}

const nothing: RoomOutcome = { compared: 0, waiting: 0, findings: [] };

/**
 * Holds what the topic has of a room against its log: it is dense, so its newest entry and where it begins say what must
 * be there. What is missing is read from the table and written into the topic again.
 */
export async function reconcileRoom(
  comparison: RoomComparison,
  roomId: string,
  trace: RoomTrace | undefined,
): Promise<RoomOutcome> {
  const { store } = comparison;
  const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });
  const tailSeq = tail?.entry.seq ?? 0;
  const seen = inTopic(trace);
  const first = await firstExpected(comparison, roomId, seen?.first ?? tailSeq + 1, tail);
  const findings = [
    ...spanFinding(roomId, Problem.REPEATED, trace?.repeats),
    ...spanFinding(roomId, Problem.DISORDERED, trace?.disordered),
    ...unknownIn(roomId, trace, tailSeq),
  ];
  if (first > tailSeq) return { ...nothing, findings };
  const last = seen?.last ?? 0;
  let waiting = 0;
  for (const range of missingOf(trace?.ranges ?? [], { first, last: tailSeq })) {
    const outcome = await refillRange(comparison, roomId, range, range.first > last);
    findings.push(...outcome.findings);
    waiting += outcome.waiting;
  }
  return { compared: tailSeq - first + 1 - waiting, waiting, findings };
}

function inTopic(trace: RoomTrace | undefined): SeqRange | undefined {
  const [first, last] = [trace?.ranges[0], trace?.ranges.at(-1)];
  return first && last && { first: first.first, last: last.last };
}

/** The lowest number whose entry was appended since, looked for from `before` downwards. */
async function firstExpected(
  { store, sinceMs }: RoomComparison,
  roomId: string,
  before: number,
  tail: LoggedEntry | undefined,
): Promise<number> {
  if (before <= 1) return before;
  if (tail !== undefined && tail.entry.seq < before && tail.appendedAtMs < sinceMs) return before;
  let first = before;
  for (let limit = 1; ; limit = pageEntries) {
    const page = await store.readEntries({ roomId, before: first, newestFirst: true, limit });
    for (const { entry, appendedAtMs } of page) {
      if (appendedAtMs < sinceMs) return first;
      first = entry.seq;
    }
    if (page.length < limit) return first;
  }
}

/** `atEnd`: the topic has nothing behind the range, so its entries may still be on their way. */
async function refillRange(
  comparison: RoomComparison,
  roomId: string,
  range: SeqRange,
  atEnd: boolean,
): Promise<{ readonly waiting: number; readonly findings: Finding[] }> {
  const { store, sinceMs, judgedUntilMs, refill } = comparison;
  const findings: Finding[] = [];
  let next = range.first;
  const absent = async (upTo: number) => {
    if (next <= upTo) findings.push(...(await absentFindings(comparison, roomId, { first: next, last: upTo })));
  };
  while (next <= range.last) {
    const limit = Math.min(pageEntries, range.last - next + 1);
    const page = await store.readEntries({ roomId, after: next - 1, before: range.last + 1, limit });
    const young = atEnd ? page.findIndex(({ appendedAtMs }) => appendedAtMs > judgedUntilMs) : -1;
    const judged = young === -1 ? page : page.slice(0, young);
    // What was imported has no event.
    const lacking = judged.filter(({ entry, appendedAtMs }) => appendedAtMs >= sinceMs && entry.imported === undefined);
    const readable = lacking.filter(isReadable);
    if (readable.length > 0) await refill(readable);
    for (const logged of judged) {
      const { seq } = logged.entry;
      await absent(seq - 1);
      next = seq + 1;
      if (!lacking.includes(logged)) continue;
      const problem = isReadable(logged) ? Problem.REFILLED : Problem.UNREADABLE;
      findings.push({ roomId, problem, first: seq, last: seq, count: 1 });
    }
    if (young !== -1) return { waiting: range.last - next + 1, findings: joined(findings) };
    if (page.length < limit) {
      await absent(range.last);
      break;
    }
  }
  return { waiting: 0, findings: joined(findings) };
}

/** Of a type that this version knows, and not an item that only looks like an entry. */
function isReadable({ entry, unreadable }: LoggedEntry): boolean {
  return entry.body.case !== undefined && unreadable === undefined;
}

async function absentFindings(
  { store, sinceMs, judgedUntilMs }: RoomComparison,
  roomId: string,
  { first, last }: SeqRange,
): Promise<Finding[]> {
  const purgedBelow = (await store.readRoom(roomId))?.purgedBelow ?? 0;
  const lastPurged = Math.min(last, purgedBelow - 1);
  // Of what retention removed nobody knows the time any more, but that it was old.
  const mayBeSince = sinceMs <= judgedUntilMs - retentionMinAgeMs;
  const parts = [
    ...(mayBeSince ? [{ problem: Problem.PURGED, first, last: lastPurged }] : []),
    { problem: Problem.UNREADABLE, first: Math.max(first, lastPurged + 1), last },
  ];
  return parts.flatMap((part) =>
    part.first <= part.last ? [{ roomId, ...part, count: part.last - part.first + 1 }] : [],
  );
}

/** Neighbours with the same problem are one finding. */
function joined(findings: readonly Finding[]): Finding[] {
  const whole: Finding[] = [];
  for (const finding of findings) {
    const before = whole.at(-1);
    if (before?.problem === finding.problem && before.last + 1 === finding.first) {
      whole[whole.length - 1] = { ...before, last: finding.last, count: before.count + finding.count };
    } else whole.push(finding);
  }
  return whole;
}

function unknownIn(roomId: string, trace: RoomTrace | undefined, tailSeq: number): Finding[] {
  return (trace?.ranges ?? [])
    .filter(({ last }) => last > tailSeq)
    .map(({ first, last }) => {
      const from = Math.max(first, tailSeq + 1);
      return { roomId, problem: Problem.UNKNOWN, first: from, last, count: last - from + 1 };
    });
}

function spanFinding(roomId: string, problem: Problem, span: SeqSpan | undefined): Finding[] {
  return span === undefined ? [] : [{ roomId, problem, ...span }];
}
