import { randomUUID } from "node:crypto";
import { AssignerProtocol, type EachBatchPayload, type LogEntry, type PartitionAssigner } from "kafkajs";
import { askBrokers, isUnknownTopic } from "./admin.ts";
import { type KafkaConnection, METADATA_MAX_AGE_MS, openKafka } from "./connection.ts";
import { KafkaError, OffsetLostError, UnknownTopicError } from "./errors.ts";
import { chainOf, failureKind } from "./failure.ts";
import { whileHeartbeating } from "./membership.ts";
import { type ConsumedRecord, toRecord } from "./record.ts";
import { offsetsOf, type PartitionOffsets } from "./topics.ts";
import { pause } from "./waiting.ts";

/** How far a partition has been read. */
export interface Place {
  next: bigint;
  /** Reading stops here; undefined: never. */
  readonly end: bigint | undefined;
}

/** What is read, and how far it is: a reading that stalled begins anew from here. */
export interface OutsideReading {
  readonly topic: string;
  readonly places: Map<number, Place>;
  readonly signal: AbortSignal;
  onRecords(records: ConsumedRecord[]): void | Promise<void>;
}

const LIMIT_MS = 20_000;
const HEARTBEAT_MS = 1500;
const STALL_CHECK_MS = 10_000;
/** How many looks in a row must find a partition behind at the same place. */
const LOOKS_BEFORE_ANEW = 2;
const ANEW_PAUSE_MS = 1000;
const LIMIT_WITHOUT_PROGRESS_MS = 60_000;

/** What the partitions hold now, by number. Throws `UnknownTopicError`. */
export async function heldOf(
  connection: KafkaConnection,
  topic: string,
  signal: AbortSignal,
): Promise<Map<number, PartitionOffsets>> {
  const ask = { signal, limitMs: LIMIT_MS };
  const held = await askBrokers(
    openKafka(connection),
    `read the offsets of ${topic}`,
    (admin) => offsetsOf(admin, topic),
    ask,
  );
  return new Map(held.map((offsets) => [offsets.partition, offsets]));
}

/**
 * Reads partitions outside of any group of the caller's, until all have come to their end. A consumer of kafkajs can fall
 * silent, so it is looked at from outside, and left for a new one. It also gives up for reasons that pass, a broker without a
 * coordinator for example: a new one goes on where it stood, and what has an end fails when nothing has come for a minute.
 */
export async function readOutside(connection: KafkaConnection, reading: OutsideReading): Promise<void> {
  const { topic, places, signal } = reading;
  const isEndless = [...places.values()].some(({ end }) => end === undefined);
  const offsetSum = () => [...places.values()].reduce((sum, { next }) => sum + next, 0n) - BigInt(places.size);
  let progress = { at: offsetSum(), atMs: performance.now() };
  while (places.size > 0) {
    const owner: OwnerFailure = {};
    try {
      await readOnce(connection, reading, owner);
    } catch (error) {
      signal.throwIfAborted();
      if (owner.failed === true || !isPassing(error)) throw error;
      if (offsetSum() !== progress.at) progress = { at: offsetSum(), atMs: performance.now() };
      const isOver = !isEndless && performance.now() - progress.atMs > LIMIT_WITHOUT_PROGRESS_MS;
      if (isOver) throw toReadError(topic, error);
      await pause(ANEW_PAUSE_MS, signal);
    }
  }
}

/** What the owner of the records threw is never a reason to read on. */
interface OwnerFailure {
  failed?: true;
}

/** Whether reading anew may help: unless the broker refused for good, or what is read is not there. */
function isPassing(error: unknown): boolean {
  if (error instanceof OffsetLostError || isUnknownTopic(error)) return false;
  const chain: { name?: string; type?: string }[] = chainOf(error);
  if (chain.some(({ name }) => name?.includes("SASL") === true)) return false;
  const isRefusal = chain.some(({ type }) => type !== undefined) && failureKind(error) === "refused";
  return !isRefusal;
}

function toReadError(topic: string, cause: unknown): KafkaError {
  if (isUnknownTopic(cause)) return new UnknownTopicError(topic, cause);
  return new KafkaError(`cannot read ${topic}: ${cause instanceof Error ? cause.message : cause}`, { cause });
}

/** Resolves when all is read, and when the reading should begin anew. */
async function readOnce(connection: KafkaConnection, reading: OutsideReading, owner: OwnerFailure): Promise<void> {
  const { topic, places, signal, onRecords } = reading;
  signal.throwIfAborted();
  const done = Promise.withResolvers<void>();
  done.promise.catch(() => {}); // may reject before it is awaited
  const inHand = new Map<number, Promise<void>>();
  const kafka = openKafka(connection, undefined, refuseSilentReset);
  const consumer = kafka.consumer({
    groupId: `${connection.clientId}-read-${randomUUID()}`,
    maxWaitTimeInMs: 100,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    allowAutoTopicCreation: false,
    partitionAssigners: [assigningOnly(topic, [...places.keys()])],
  });
  const over = new AbortController();
  const abort = () => done.reject(signal.reason);

  /** kafkajs would go on at a default offset; it logs first, and what the log throws stops it. */
  function refuseSilentReset({ log }: LogEntry): void {
    if (log.message !== "Offset out of range, resetting to default offset") return;
    lost(Number(log.partition)).catch(done.reject);
    throw Object.assign(new Error(log.message), { retriable: true });
  }

  async function lost(partition: number): Promise<void> {
    const place = places.get(partition);
    const held = (await heldOf(connection, topic, over.signal)).get(partition);
    if (!place || !held || (held.lowOffset <= place.next && place.next <= held.highOffset)) return;
    done.reject(new OffsetLostError({ topic, partition }, place.next, held.lowOffset, held.highOffset));
  }

  function moveTo(partition: number, next: bigint): void {
    const place = places.get(partition);
    if (!place) return;
    if (next > place.next) place.next = next;
    if (place.end !== undefined && place.next >= place.end) places.delete(partition);
    if (places.size === 0) done.resolve();
  }

  async function take({ batch, heartbeat }: EachBatchPayload): Promise<void> {
    const { partition } = batch;
    await inHand.get(partition); // after a rejoin, records of the batch before may still be with their owner
    const place = places.get(partition);
    if (!place || over.signal.aborted || owner.failed === true) return;
    const { next, end } = place;
    const records = batch.messages.map((message) => toRecord({ topic, partition }, message));
    const wanted = records.filter((r) => r.offset >= next && (end === undefined || r.offset < end));
    if (wanted.length === 0) return;
    const handing = hand(partition, wanted);
    inHand.set(partition, handing);
    await whileHeartbeating(heartbeat, HEARTBEAT_MS, handing);
  }

  /** Never rejects. */
  async function hand(partition: number, records: ConsumedRecord[]): Promise<void> {
    try {
      await onRecords(records);
      for (const { offset } of records.slice(-1)) moveTo(partition, offset + 1n);
    } catch (error) {
      owner.failed = true;
      done.reject(error);
    } finally {
      inHand.delete(partition);
    }
  }

  async function connect(): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 8, eachBatch: take });
  }

  async function watch(): Promise<void> {
    const behind = new Map<number, { at: bigint; looks: number }>();
    for (;;) {
      await pause(STALL_CHECK_MS, over.signal);
      if (over.signal.aborted) return;
      const held = await heldOf(connection, topic, over.signal).catch(() => undefined);
      for (const [partition, { next }] of held === undefined ? [] : places) {
        const isBehind = next < (held?.get(partition)?.highOffset ?? 0n) && !inHand.has(partition);
        const before = behind.get(partition);
        const looks = isBehind ? (before?.at === next ? before.looks : 0) + 1 : 0;
        behind.set(partition, { at: next, looks });
        // Records may be with their owner in other partitions, and kafkajs then fetches nothing from their broker.
        if (looks > LOOKS_BEFORE_ANEW && inHand.size === 0) return done.resolve();
      }
    }
  }

  signal.addEventListener("abort", abort, { once: true });
  consumer.on("consumer.crash", ({ payload: { error, restart } }) => {
    if (!restart) done.reject(toReadError(topic, error));
  });
  consumer.on("consumer.group_join", () => {
    for (const [partition, { next }] of places) consumer.seek({ topic, partition, offset: String(next) });
  });
  // Also tells of batches that hold nothing but control records, which are not handed over.
  consumer.on("consumer.end_batch_process", ({ payload: { partition, batchSize, lastOffset } }) => {
    if (batchSize === 0 || !inHand.has(partition)) moveTo(partition, BigInt(lastOffset) + 1n);
  });
  let watching: Promise<void> | undefined;
  try {
    await connect().catch((error: unknown) => {
      throw toReadError(topic, error);
    });
    watching = watch();
    await done.promise;
  } finally {
    over.abort();
    signal.removeEventListener("abort", abort);
    await consumer.disconnect().catch(() => {});
    await watching?.catch(() => {});
  }
}

/** The places to read, none for a partition that has nothing to read. Throws OffsetLostError and KafkaError. */
export function toPlaces(
  topic: string,
  held: ReadonlyMap<number, PartitionOffsets>,
  wanted: Iterable<readonly [partition: number, place: { from?: bigint | undefined; end?: bigint | undefined }]>,
): Map<number, Place> {
  const places = new Map<number, Place>();
  for (const [partition, { from, end }] of wanted) {
    const offsets = held.get(partition);
    if (!offsets) throw new KafkaError(`topic ${topic} has no partition ${partition}`);
    const { lowOffset, highOffset } = offsets;
    const next = from ?? lowOffset;
    if (next < lowOffset || next > highOffset) {
      throw new OffsetLostError({ topic, partition }, next, lowOffset, highOffset);
    }
    if (end === undefined || next < end) places.set(partition, { next, end });
  }
  return places;
}

/** Gives just these partitions to whoever is alone in the group. */
function assigningOnly(topic: string, partitions: number[]): PartitionAssigner {
  const name = "OnlyThese";
  const version = 0;
  const userData = Buffer.alloc(0);
  const memberAssignment = AssignerProtocol.MemberAssignment.encode({
    version,
    assignment: { [topic]: partitions },
    userData,
  });
  return () => ({
    name,
    version,
    assign: async ({ members }) => members.map(({ memberId }) => ({ memberId, memberAssignment })),
    protocol: ({ topics }) => ({
      name,
      metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData }),
    }),
  });
}
