import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomBucketCount } from "../store.ts";
import { type JobProgress, type JobRecord, type JobStep, noProgress } from "./job.ts";
import { type RoomComparison, type RoomOutcome, reconcileRoom } from "./reconcile-room.ts";
import { addFindings, type Finding, parseReport, parseScope, type ReconcileScope } from "./reconciliation.ts";
import { noteSeq, type RoomTrace } from "./room-trace.ts";
import type { TopicRecord, TopicSpan, TopicView } from "./topic-view.ts";

export interface ReconcileDomain extends Domain {
  readonly topic: TopicView;
}

/** The topic is read from so much earlier on: clocks differ. */
export const readMarginMs = 5 * 60_000;
/** Younger entries are on their way. */
export const settleMs = 60_000;
/**
 * What is older is missing, however far the relay says it is: a shard in which nothing happens keeps the time of its last
 * record.
 */
export const lateMs = 60 * 60_000;
const pageRooms = 100;
/** Of the index, which holds rooms of all partitions. */
const pageIndex = 1_000;
/** While a long partition is read the job says that it lives. */
const beatMs = 5_000;

/** Where a walk goes on. What was read of the topic is read again, up to the same place, and so is the same. */
interface Cursor {
  readonly partition: number;
  readonly untilOffset?: string;
  readonly judgedUntilMs?: number;
  readonly place?: Place | undefined;
}

/** The room that was done last: of those that the topic has, or of a bucket of the index. */
interface Place {
  readonly bucket?: number | undefined;
  readonly afterRoomId: string;
}

/**
 * Compares the topic with the table, one partition after the other, so that only one partition's rooms are in memory:
 * what the topic has of each room is read once, and then the table is asked room by room, first for those that the topic
 * has, then for the others that the index knows.
 */
export async function* walkReconcile(
  domain: ReconcileDomain,
  call: Call,
  job: JobRecord,
): AsyncGenerator<JobStep, void> {
  const { topic, log } = domain;
  const scope = parseScope(job.scope);
  const partitionCount = await topic.partitionCount();
  const isWanted = (partition: number) => (roomId: string) => topic.partitionOf(roomId, partitionCount) === partition;
  let progress: JobProgress = { ...noProgress, ...job.progress };
  let cursor: Cursor = progress.cursor === "" ? { partition: 0 } : (JSON.parse(progress.cursor) as Cursor);
  for (; cursor.partition < partitionCount; cursor = { partition: cursor.partition + 1 }) {
    const { partition } = cursor;
    const named = scope.roomIds.filter(isWanted(partition));
    if (scope.roomIds.length > 0 && named.length === 0) continue;
    const judgedUntilMs = cursor.judgedUntilMs ?? judgedUntil(log.clock.nowMs(), await topic.relayedUntilMs());
    const held = await topic.spanSince(partition, Math.max(0, scope.sinceMs - readMarginMs));
    const span = cursor.untilOffset === undefined ? held : { ...held, untilOffset: BigInt(cursor.untilOffset) };
    const reading = readTraces(domain, call, span, named);
    for await (const _beat of reading.run()) yield { progress, endsRoom: false };
    const { traces, firstStoredAtMs } = reading;
    const comparison: RoomComparison = {
      store: domain.store,
      sinceMs: sinceOf(scope, span, firstStoredAtMs, judgedUntilMs),
      judgedUntilMs,
      refill: (entries) => topic.refill(entries),
    };
    const roomIds = scope.roomIds.length > 0 ? named : [...traces.keys()];
    const isOther = (roomId: string) => isWanted(partition)(roomId) && !traces.has(roomId);
    const walk = { roomIds, walksIndex: scope.roomIds.length === 0 && !scope.activeOnly, isOther, from: cursor.place };
    for await (const { page, place } of roomPages(domain, walk)) {
      call.signal.throwIfAborted();
      const outcomes = await log.fanOut.map(page, (roomId) => reconcileRoom(comparison, roomId, traces.get(roomId)));
      cursor = { partition, untilOffset: String(span.untilOffset), judgedUntilMs, place };
      progress = advanced(progress, cursor, outcomes);
      yield { progress, endsRoom: true, rooms: page.length, findings: findingsOf(outcomes) };
    }
    progress = { ...progress, cursor: JSON.stringify({ partition: partition + 1 }) };
    yield { progress, endsRoom: false };
  }
  yield { progress: { ...progress, roomsTotal: progress.roomsDone }, endsRoom: false };
}

/** What was appended until then and is not in the topic is missing. */
export function judgedUntil(nowMs: number, relayedUntilMs: number | undefined): number {
  return Math.min(nowMs - settleMs, Math.max(relayedUntilMs ?? 0, nowMs - lateMs));
}

/** Where the topic has lost its beginning, what was appended before the first record that is left may be lost with it. */
function sinceOf(
  { sinceMs }: ReconcileScope,
  { before }: TopicSpan,
  firstStoredAtMs: number | undefined,
  judgedUntilMs: number,
): number {
  if (before !== "removed") return sinceMs;
  return Math.max(sinceMs, firstStoredAtMs === undefined ? judgedUntilMs : firstStoredAtMs + readMarginMs);
}

/** Reads a span. `run` gives a beat now and then, and ends when all is read. */
function readTraces({ topic, log }: ReconcileDomain, { signal }: Call, span: TopicSpan, named: readonly string[]) {
  const traces = new Map<string, RoomTrace>();
  const wanted = named.length === 0 ? undefined : new Set(named);
  const reading = {
    traces,
    firstStoredAtMs: undefined as number | undefined,
    async *run(): AsyncGenerator<undefined, void> {
      let beatAtMs = log.clock.nowMs();
      for await (const records of topic.read(span, signal)) {
        reading.firstStoredAtMs ??= records[0]?.storedAtMs;
        for (const record of records) if (wanted?.has(record.roomId) !== false) note(record);
        if (log.clock.nowMs() - beatAtMs < beatMs) continue;
        beatAtMs = log.clock.nowMs();
        yield;
      }
    },
  };
  function note(record: TopicRecord): void {
    const { roomId, seq } = record;
    const known = traces.get(roomId);
    // A repeat of what came before the span looks like it.
    const isEarlier = span.before !== "nothing" && known !== undefined && seq < known.startSeq;
    const trace = noteSeq(known, seq, () => isEarlier || record.stamps().isHealed);
    if (known === undefined) traces.set(roomId, trace);
  }
  return reading;
}

interface RoomWalk {
  /** Those that the topic has, or that were asked for. */
  readonly roomIds: readonly string[];
  readonly walksIndex: boolean;
  /** A room of this partition that the topic has nothing of. */
  readonly isOther: (roomId: string) => boolean;
  readonly from: Place | undefined;
}

interface RoomPage {
  readonly page: readonly string[];
  readonly place: Place;
}

async function* roomPages({ store }: Domain, walk: RoomWalk): AsyncGenerator<RoomPage, void> {
  const { from } = walk;
  if (from?.bucket === undefined) {
    const left = walk.roomIds.filter((roomId) => from === undefined || roomId > from.afterRoomId);
    yield* pagesOf(left.toSorted(), undefined);
  }
  if (!walk.walksIndex) return;
  let after = from?.bucket === undefined ? undefined : from.afterRoomId;
  for (let bucket = from?.bucket ?? 0; bucket < roomBucketCount; bucket++) {
    for (;;) {
      const listed = await store.listRoomIds(bucket, after, pageIndex);
      yield* pagesOf(listed.filter(walk.isOther), bucket);
      after = listed.at(-1);
      if (listed.length < pageIndex) break;
    }
    after = undefined;
  }
}

function* pagesOf(roomIds: readonly string[], bucket: number | undefined): Generator<RoomPage, void> {
  for (let at = 0; at < roomIds.length; at += pageRooms) {
    const page = roomIds.slice(at, at + pageRooms);
    yield { page, place: { bucket, afterRoomId: page.at(-1) ?? "" } };
  }
}

function advanced(progress: JobProgress, cursor: Cursor, outcomes: readonly RoomOutcome[]): JobProgress {
  let report = parseReport(progress.report);
  for (const outcome of outcomes) report = addFindings(report, outcome);
  return {
    ...progress,
    cursor: JSON.stringify(cursor),
    roomsDone: progress.roomsDone + outcomes.length,
    entriesChanged: report.refilled,
    report: JSON.stringify(report),
  };
}

function findingsOf(outcomes: readonly RoomOutcome[]): Finding[] {
  return outcomes.flatMap(({ findings }) => findings);
}
