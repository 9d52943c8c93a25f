import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Broker, type ConsumedRecord, type PartitionOffsets, partitionOf } from "@maru/kafka";
import { isCanary } from "./canary.ts";
import { decodeEvent } from "./decode.ts";
import type { AnyEvent, GapEvent } from "./handlers.ts";
import { createHealer, refusalReason } from "./healer.ts";
import { pullRecords } from "./pull-records.ts";
import { lastSeqOf, readRoom, seqBeforeTime } from "./read-room.ts";
import {
  type IncompletePartition,
  ReplayIncompleteError,
  ReplayPositionError,
  TooManyRoomsError,
} from "./replay-errors.ts";
import type { ReplaySettings } from "./replay-options.ts";
import { encodePosition, MAX_STORED_ROOMS, type ReplayProgress, type ReplayStart } from "./replay-position.ts";
import type { EntrySource } from "./subscribe.ts";

/** One thing that a replay hands over. */
export interface ReplayStep {
  readonly what: AnyEvent | GapEvent;
  /** The record that it came in; undefined for what was read from the table. */
  readonly record: ConsumedRecord | undefined;
  /** Counts it as handed over: from now on the position is behind it. Called again, it does nothing. */
  done(): void;
}

/** A replay that can be asked where it is. */
export interface ReplayRun {
  readonly steps: AsyncGenerator<ReplayStep, void, undefined>;
  readonly position: string;
}

/** The room is in the list, and what was handed over of it is not known: its next event is taken as it comes. */
const AS_IT_COMES = -1;
/** The clocks of servers, relay and producer may differ, and a relay may be late. */
const TIME_MARGIN_MS = 600_000;

/**
 * The table, then the topic. Rooms of a list are read from the table first, after the ends of the topic were taken down: what is
 * committed later comes in the topic behind these. A room that the topic names first is read from the table up to that event.
 */
export function runReplay(source: EntrySource, settings: ReplaySettings): ReplayRun {
  const { broker, topic, start, resumed, list, isOnlyList, follow, maxRooms, signal } = settings;
  const readsTopic = !isOnlyList || follow;
  const reads = !readsTopic ? "table" : isOnlyList ? "rooms" : "all";
  if (resumed !== undefined && resumed.topic !== topic) throw new ReplayPositionError(`it is one of ${resumed.topic}`);
  if (resumed !== undefined && resumed.reads !== reads) {
    throw new ReplayPositionError("rooms and follow must be given, or not, as they were");
  }
  const progress: ReplayProgress = {
    reads,
    topic,
    start,
    starts: resumed?.starts ?? new Map(),
    listedAt: resumed?.listedAt ?? new Map(),
    offsets: new Map(resumed?.offsets),
    roomsDone: resumed?.roomsDone ?? 0,
    room: resumed?.room,
  };
  const seqs = new Map<string, number>(resumed?.seqs);
  /** How far the rooms of the list were read from the table; with too many of them no more is kept. */
  const listed = new Map<string, number>(resumed?.seqs);
  const knowsListed = resumed === undefined || resumed.seqs !== undefined || resumed.roomsDone === 0;
  const healer = createHealer({ source, random: Math.random, warn: settings.onWarning });
  const isExact = () => isOnlyList && seqs.size <= MAX_STORED_ROOMS;

  function remember(roomId: string, seq: number): void {
    seqs.set(roomId, seq);
    if (seqs.size > maxRooms) throw new TooManyRoomsError(maxRooms);
  }

  async function* run(): AsyncGenerator<ReplayStep, void, undefined> {
    if (readsTopic && resumed === undefined) await begin();
    if (list !== undefined) yield* readList(list);
    if (!readsTopic) return settings.onCaughtUp?.(position());
    const ends = new Map((await broker.topicOffsets(topic)).map((held) => [held.partition, held.highOffset]));
    const wanted = await wantedPartitions(ends.size);
    // What was handed over of which room is learned anew from the records before the position, which are not handed over again.
    const from = new Map(
      [...(resumed === undefined || isExact() ? progress.offsets : progress.starts)].filter(([p]) => wanted.has(p)),
    );
    const range = { topic, from, partitions: [...from.keys()], until: ends };
    yield* takeRecords((onRecords, signal) => broker.readPartitions({ ...range, signal }, onRecords));
    settings.onCaughtUp?.(position());
    if (!follow) return;
    for (const [partition, offset] of ends) {
      if (wanted.has(partition)) progress.offsets.set(partition, maxOf(progress.offsets.get(partition) ?? 0n, offset));
    }
    const behind = new Map([...progress.offsets].filter(([partition]) => wanted.has(partition)));
    yield* takeRecords((onRecords, signal) => broker.followPartitions({ topic, from: behind, signal }, onRecords));
  }

  /** Takes down where the reading of the topic begins. */
  async function begin(): Promise<void> {
    const held = await broker.topicOffsets(topic);
    const starts = isOnlyList
      ? new Map(held.map(({ partition, highOffset }) => [partition, highOffset]))
      : await startsOf(broker, topic, held, start);
    if (list === undefined) {
      const incomplete = incompletePartitions(held, starts);
      const error = new ReplayIncompleteError(topic, incomplete);
      if (incomplete.length > 0 && settings.onIncomplete === undefined) throw error;
      if (incomplete.length > 0) settings.onIncomplete?.(error);
    }
    progress.starts = starts;
    progress.listedAt = new Map(held.map(({ partition, highOffset }) => [partition, highOffset]));
    for (const [partition, offset] of starts) progress.offsets.set(partition, offset);
  }

  async function wantedPartitions(count: number): Promise<ReadonlySet<number>> {
    if (!isOnlyList) return new Set(progress.starts.keys());
    return new Set([...seqs.keys()].map((roomId) => partitionOf(roomId, count)));
  }

  async function* readList(rooms: NonNullable<typeof list>): AsyncGenerator<ReplayStep, void, undefined> {
    let index = 0;
    for await (const roomId of rooms) {
      signal.throwIfAborted();
      if (index++ < progress.roomsDone) {
        if (readsTopic && resumed?.seqs === undefined && !seqs.has(roomId)) remember(roomId, AS_IT_COMES);
        continue;
      }
      const { room } = progress;
      if (room !== undefined && room.roomId !== roomId) {
        throw new ReplayPositionError(`room ${index} of the list is ${roomId}, and was ${room.roomId}`);
      }
      if (!seqs.has(roomId) || room !== undefined) yield* readListed(roomId, room?.seq);
      progress.room = undefined;
      progress.roomsDone = index;
    }
  }

  async function* readListed(roomId: string, handed: number | undefined): AsyncGenerator<ReplayStep, void, undefined> {
    try {
      let last = handed ?? (await seqBeforeStart(roomId));
      for await (const what of readRoom(healer, { roomId, after: last, before: undefined }, signal)) {
        last = lastSeqOf(what);
        yield* hand(what, undefined, () => {
          progress.room = { roomId, seq: last };
        });
      }
      if (readsTopic) remember(roomId, last);
      if (readsTopic && listed.size <= MAX_STORED_ROOMS) listed.set(roomId, last);
    } catch (error) {
      if (refusalReason(error) === undefined || settings.onUnreadableRoom === undefined) throw error;
      settings.onUnreadableRoom(roomId, error);
    }
  }

  /** The number after which a room's entries are wanted. */
  async function seqBeforeStart(roomId: string): Promise<number> {
    if (start.timeMs !== undefined) return seqBeforeTime(source, roomId, start.timeMs, signal);
    return Math.max(0, (start.seq ?? 0) - 1);
  }

  async function* takeRecords(reading: Parameters<typeof pullRecords>[0]): AsyncGenerator<ReplayStep, void, undefined> {
    for await (const record of pullRecords(reading, signal)) {
      const isHanded = record.offset < (progress.offsets.get(record.partition) ?? 0n);
      if (isHanded) relearn(record);
      else yield* takeRecord(record);
    }
  }

  function relearn(record: ConsumedRecord): void {
    const { roomId, seq } = decodeEvent(record);
    const known = seqs.get(roomId);
    if (isOnlyList && known === undefined) return;
    if (known === AS_IT_COMES && isListed(record)) return;
    remember(roomId, Math.max(known ?? 0, seq));
  }

  /** The table had this event when the rooms of the list were read. */
  function isListed({ partition, offset }: ConsumedRecord): boolean {
    return offset < (progress.listedAt.get(partition) ?? 0n);
  }

  async function* takeRecord(record: ConsumedRecord): AsyncGenerator<ReplayStep, void, undefined> {
    const event = decodeEvent(record);
    const { roomId, seq } = event;
    const isReadable = event.kind !== "unreadable";
    const isDone = () => {
      progress.offsets.set(record.partition, record.offset + 1n);
      progress.room = undefined;
    };
    const partOfRoom = progress.room?.roomId === roomId ? progress.room.seq : undefined;
    const known = partOfRoom ?? seqs.get(roomId);
    if (isOnlyList && known === undefined) return isDone();
    if (known === undefined && isReadable && !isWanted(event, start)) {
      remember(roomId, seq);
      return isDone();
    }
    if (known === AS_IT_COMES && isListed(record)) return isDone();
    let last = known === AS_IT_COMES ? seq - 1 : (known ?? (await seqBeforeStartOf(roomId, seq)));
    if (seq <= last) {
      remember(roomId, last);
      return isDone();
    }
    // An entry that the relay could not read may be readable now.
    const before = isReadable ? seq : seq + 1;
    for await (const what of readRoom(healer, { roomId, after: last, before }, signal)) {
      last = lastSeqOf(what);
      yield* hand(what, undefined, () => {
        progress.room = { roomId, seq: last };
      });
    }
    remember(roomId, seq);
    if (isReadable) yield* hand(event, record, isDone);
    else isDone();
  }

  /** As `seqBeforeStart`, for a room of which an entry is known; a room that may not be read is a gap, and no error, then. */
  async function seqBeforeStartOf(roomId: string, seq: number): Promise<number> {
    try {
      return Math.min(seq - 1, await seqBeforeStart(roomId));
    } catch (error) {
      if (refusalReason(error) === undefined) throw error;
      return 0;
    }
  }

  async function* hand(
    what: AnyEvent | GapEvent,
    record: ConsumedRecord | undefined,
    done: () => void,
  ): AsyncGenerator<ReplayStep, void, undefined> {
    const isOurs = isOnlyList || !isCanary(what.roomId);
    if (isOurs && (what.kind === "gap" || isWanted(what, start))) yield { what, record, done };
    done();
  }

  function storedSeqs(): ReadonlyMap<string, number> | undefined {
    if (reads === "rooms") return isExact() ? seqs : undefined;
    return reads === "all" && list !== undefined && knowsListed && listed.size <= MAX_STORED_ROOMS ? listed : undefined;
  }

  function position(): string {
    return encodePosition(progress, storedSeqs());
  }

  return {
    steps: run(),
    get position() {
      return position();
    },
  };
}

function isWanted({ seq, entry }: AnyEvent, start: ReplayStart): boolean {
  if (start.seq !== undefined && seq < start.seq) return false;
  return start.timeMs === undefined || entry.createdAt === undefined || timestampMs(entry.createdAt) >= start.timeMs;
}

async function startsOf(
  broker: Broker,
  topic: string,
  held: readonly PartitionOffsets[],
  { timeMs }: ReplayStart,
): Promise<Map<number, bigint>> {
  const atTime = timeMs === undefined ? undefined : await broker.offsetsAtTime(topic, timeMs - TIME_MARGIN_MS);
  return new Map(
    held.map(({ partition, lowOffset }) => [partition, maxOf(lowOffset, atTime?.get(partition) ?? lowOffset)]),
  );
}

/** Retention took something, and what it took may be of the time that is wanted. */
function incompletePartitions(
  held: readonly PartitionOffsets[],
  starts: ReadonlyMap<number, bigint>,
): IncompletePartition[] {
  return held
    .filter(({ partition, lowOffset }) => lowOffset > 0n && (starts.get(partition) ?? 0n) <= lowOffset)
    .map(({ partition, lowOffset }) => ({ partition, lowOffset }));
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
