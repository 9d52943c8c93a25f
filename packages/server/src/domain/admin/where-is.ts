import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Entry,
  EntryPresence,
  type GroupPosition,
  GroupPositionSchema,
  type TopicOccurrence,
  TopicOccurrenceSchema,
  type WhereIsRequest,
  type WhereIsResponse,
  WhereIsResponseSchema,
} from "@maru/protocol";
import type { Call } from "../call.ts";
import { roomNotFound } from "../log/append.ts";
import type { LoggedEntry, Store } from "../store.ts";
import type { AdminDomain } from "./start-job.ts";
import type { GroupOffset, TopicRecord, TopicView } from "./topic-view.ts";

/** The search begins so long before the entry was appended: clocks differ. */
const marginMs = 60_000;
/** So many records of the partition are looked through. */
const maxSearched = 100_000n;
/** The table's half of the answer is given after that. */
export const topicLimitMs = 10_000;

/** Follows one entry from the table to the consumer groups. What the topic has to say may be missing, and is then said why. */
export async function whereIs(
  domain: AdminDomain,
  call: Call,
  { roomId, seq }: WhereIsRequest,
): Promise<WhereIsResponse> {
  const { store, topic } = domain;
  const [room, logged, [tail]] = await Promise.all([
    store.readRoom(roomId),
    store.readEntry(roomId, seq),
    store.readEntries({ roomId, newestFirst: true, limit: 1 }),
  ]);
  if (room === undefined || tail === undefined) throw roomNotFound(roomId);
  const stored = {
    presence: presenceOf(logged, seq, { purgedBelow: room.purgedBelow, lastSeq: tail.entry.seq }),
    lastSeq: tail.entry.seq,
    purgedBelow: room.purgedBelow,
    ...(logged !== undefined && entryHalf(logged)),
  };
  if (stored.presence === EntryPresence.NOT_WRITTEN) return create(WhereIsResponseSchema, stored);
  if (topic === undefined) {
    return create(WhereIsResponseSchema, { ...stored, topicUnavailable: "this server knows no brokers" });
  }
  const limit = AbortSignal.any([call.signal, AbortSignal.timeout(topicLimitMs)]);
  try {
    const sinceMs = (await committedBefore(store, roomId, seq, logged)) - marginMs;
    const found = await unlessLate(lookUp(topic, { roomId, seq, sinceMs }, limit), limit);
    return create(WhereIsResponseSchema, { ...stored, ...found });
  } catch (error) {
    call.signal.throwIfAborted();
    const why = limit.aborted ? `the brokers did not answer within ${topicLimitMs / 1_000} s` : messageOf(error);
    return create(WhereIsResponseSchema, { ...stored, topicUnavailable: why });
  }
}

export function presenceOf(
  logged: LoggedEntry | undefined,
  seq: number,
  { purgedBelow, lastSeq }: { readonly purgedBelow: number; readonly lastSeq: number },
): EntryPresence {
  if (logged !== undefined) return EntryPresence.STORED;
  if (seq > lastSeq) return EntryPresence.NOT_WRITTEN;
  return seq < purgedBelow ? EntryPresence.PURGED : EntryPresence.MISSING;
}

function entryHalf({ entry, appendedAtMs }: LoggedEntry) {
  return {
    type: entry.type,
    caller: entry.caller,
    ...(entry.createdAt !== undefined && { createdAt: entry.createdAt }),
    committedAt: timestampFromMs(appendedAtMs),
    contentRemoved: isContentRemoved(entry),
  };
}

function isContentRemoved({ body }: Entry): boolean {
  return body.case === "messageSent" && body.value.deletion !== undefined;
}

/** When it was appended; of an entry that is gone, when the nearest one before it was. */
async function committedBefore(
  store: Store,
  roomId: string,
  seq: number,
  logged: LoggedEntry | undefined,
): Promise<number> {
  if (logged !== undefined) return logged.appendedAtMs;
  const [before] = await store.readEntries({ roomId, before: seq, newestFirst: true, limit: 1 });
  return before?.appendedAtMs ?? 0;
}

interface Searched {
  readonly roomId: string;
  readonly seq: number;
  readonly sinceMs: number;
}

async function lookUp(topic: TopicView, { roomId, seq, sinceMs }: Searched, signal: AbortSignal) {
  const partition = topic.partitionOf(roomId, await topic.partitionCount());
  const span = await topic.spanSince(partition, Math.max(0, sinceMs));
  const end = span.fromOffset + maxSearched;
  const part = span.untilOffset <= end ? span : { ...span, untilOffset: end };
  const found: TopicRecord[] = [];
  const [groups] = await Promise.all([
    topic.groupOffsets(partition),
    (async () => {
      for await (const records of topic.read(part, signal))
        found.push(...records.filter((record) => record.roomId === roomId && record.seq === seq));
    })(),
  ]);
  return {
    topic: topic.topic,
    partition,
    occurrences: found.map(toOccurrence),
    searchedFromOffset: part.fromOffset,
    searchedUntilOffset: part.untilOffset,
    groups: groups.map((group) => toPosition(group, found[0]?.offset, span.untilOffset)),
  };
}

function toOccurrence(record: TopicRecord): TopicOccurrence {
  const { streamedAtMs, relayedAtMs, isHealed, isGap } = record.stamps();
  return create(TopicOccurrenceSchema, {
    offset: record.offset,
    storedAt: timestampFromMs(record.storedAtMs),
    ...(streamedAtMs !== undefined && { streamedAt: timestampFromMs(streamedAtMs) }),
    ...(relayedAtMs !== undefined && { relayedAt: timestampFromMs(relayedAtMs) }),
    healed: isHealed,
    gap: isGap,
  });
}

export function toPosition(
  { group, committedOffset }: GroupOffset,
  offset: bigint | undefined,
  endOffset: bigint,
): GroupPosition {
  return create(GroupPositionSchema, {
    group,
    committedOffset,
    passed: offset !== undefined && committedOffset > offset,
    lag: endOffset > committedOffset ? endOffset - committedOffset : 0n,
  });
}

async function unlessLate<T>(work: Promise<T>, limit: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const onAbort = () => late.reject(limit.reason);
  limit.addEventListener("abort", onAbort, { once: true });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    limit.removeEventListener("abort", onAbort);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
