import type { Batch, EachBatchPayload } from "kafkajs";
import { askBrokers, isUnknownTopic } from "./admin.ts";
import { Claim, type PartitionClaim } from "./claim.ts";
import { type KafkaConnection, openKafka } from "./connection.ts";
import { ConnectError, KafkaError, OffsetLostError, type TopicPartition, UnknownTopicError } from "./errors.ts";
import { announcingAssigner, whileHeartbeating } from "./membership.ts";
import { type ConsumedRecord, toRecord } from "./record.ts";
import { fetchStartOffsets } from "./start-offsets.ts";
import { offsetsOf } from "./topics.ts";
import { within } from "./waiting.ts";

/** Why partitions are given up: the group rebalances, the consumer closes, or it lost its connection or failed. */
export type RevokeReason = "rebalance" | "close" | "crash";

/** Options of {@link startConsumer}. What a callback throws ends the consumer. */
export interface ConsumerOptions extends KafkaConnection {
  groupId: string;
  topics: string[];
  /** Where a group without a committed offset starts: at the first record, or at the end. */
  fromBeginning: boolean;
  /** Partitions were assigned. Nothing of them is handed over before this resolves. */
  onAssigned?: (claims: PartitionClaim[]) => void | Promise<void>;
  /**
   * Partitions are given up. On `close`, the consumer waits for this, and claims can commit until it resolves: finish what is
   * in flight. On `rebalance`, nothing waits: commits count if they are called before this returns. On `crash`, none count.
   */
  onRevoked?: (claims: PartitionClaim[], reason: RevokeReason) => void | Promise<void>;
  /**
   * Records of one partition, in order. Taking them is enough: handle them later, `claim.commit` what is done, and
   * `claim.pause()` when too much is in flight. While this is pending, no more is fetched from the same broker.
   */
  onBatch: (claim: PartitionClaim, records: ConsumedRecord[]) => void | Promise<void>;
  /** The offset to continue from is gone. Answers where to go on; without this, or with undefined, the consumer ends. */
  onOffsetLost?: (error: OffsetLostError) => Promise<bigint | undefined>;
  /** The connection to the group failed. `willRestart` is false when `closed` rejects with the same error. */
  onCrash?: (error: Error, willRestart: boolean) => void;
  /** Without a heartbeat for so long, a member is taken for dead. Default 30,000. */
  sessionTimeoutMs?: number;
  /** How long a rebalance waits for its members. Default 60,000. */
  rebalanceTimeoutMs?: number;
  /** Default 3,000. */
  heartbeatIntervalMs?: number;
  /** How long the broker holds a fetch that finds nothing; also how long `close` and `resume` may take. Default 250. */
  maxWaitMs?: number;
  /** Bytes of one partition in one batch at most. Default 1 MiB. */
  maxPartitionBytes?: number;
}

/** A running consumer. */
export interface ConsumerDriver extends AsyncDisposable {
  /** Resolves after `close`; rejects with the error that ended the consumer. */
  readonly closed: Promise<void>;
  /** What is assigned now. */
  readonly claims: PartitionClaim[];
  /** Stops fetching, waits for `onRevoked`, leaves the group. */
  close(): Promise<void>;
}

const OUT_OF_RANGE_LOG = "Offset out of range, resetting to default offset";
const DISCONNECT_LIMIT_MS = 10_000;

/**
 * Joins a group and hands over the records of the partitions that it gets. Offsets are committed only by
 * {@link PartitionClaim.commit}, and never for a partition that was lost.
 *
 * @throws ConnectError, UnknownTopicError
 * @example
 * await using consumer = await startConsumer({
 *   brokers, clientId: "push", groupId: "push", topics: ["maru.room-events.v1"], fromBeginning: true,
 *   async onBatch(claim, records) {
 *     for (const record of records) {
 *       await handle(record);
 *       await claim.commit(record.offset + 1n);
 *     }
 *   },
 * });
 */
export async function startConsumer(options: ConsumerOptions): Promise<ConsumerDriver> {
  const heartbeatMs = options.heartbeatIntervalMs ?? 3000;
  const kafka = openKafka(options, { initialRetryTime: 100, maxRetryTime: 2000, retries: 8 }, refuseSilentReset);
  const consumer = kafka.consumer({
    groupId: options.groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: options.sessionTimeoutMs ?? 30_000,
    rebalanceTimeout: options.rebalanceTimeoutMs ?? 60_000,
    heartbeatInterval: heartbeatMs,
    maxWaitTimeInMs: options.maxWaitMs ?? 250,
    maxBytesPerPartition: options.maxPartitionBytes ?? 1024 * 1024,
    partitionAssigners: [announcingAssigner(() => revokeAll("rebalance"))],
  });
  const control = {
    pause: (at: TopicPartition) => whileJoined(() => consumer.pause([{ topic: at.topic, partitions: [at.partition] }])),
    resume: (at: TopicPartition) =>
      whileJoined(() => consumer.resume([{ topic: at.topic, partitions: [at.partition] }])),
    seek: (at: TopicPartition, offset: bigint) =>
      whileJoined(() => consumer.seek({ ...placeOf(at), offset: String(offset) })),
  };
  const claims = new Map<string, Claim>();
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {}); // also told to onCrash
  let ending: Promise<void> | undefined;

  function guard(work: () => void | Promise<void>): Promise<void> {
    return Promise.resolve()
      .then(work)
      .catch((error: unknown) => void end(toError(error)));
  }

  function revokeAll(reason: RevokeReason, tell = !ending): Promise<void> {
    const given = [...claims.values()];
    const announced = given.filter((claim) => claim.announced);
    if (reason === "crash") for (const claim of given) claim.lose();
    let told: void | Promise<void>;
    try {
      if (tell && announced.length > 0) told = options.onRevoked?.(announced, reason);
    } catch (error) {
      told = Promise.reject(error);
    }
    if (reason !== "close") drop(given);
    return guard(() => told);
  }

  function drop(given: Iterable<Claim>): void {
    for (const claim of given) claim.lose();
    claims.clear();
  }

  function assign(assignment: Record<string, number[]>): void {
    void revokeAll("rebalance");
    if (ending) return;
    const fresh = Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => new Claim({ topic, partition }, control)),
    );
    for (const claim of fresh) claims.set(nameOf(claim), claim);
    if (fresh.length > 0) void guard(() => beginFetching(fresh));
  }

  async function beginFetching(fresh: Claim[]): Promise<void> {
    const signal = AbortSignal.any(fresh.map((claim) => claim.signal));
    try {
      const starts = await fetchStartOffsets(kafka, options, fresh, { signal });
      for (const claim of fresh) {
        const start = starts.find((s) => s.topic === claim.topic && s.partition === claim.partition);
        if (!start) throw new KafkaError(`${nameOf(claim)} was assigned but has no offsets`);
        claim.highOffset = start.highOffset;
        claim.startOffset = claim.position = await placeWithin(claim, start.offset, start.lowOffset, start.highOffset);
      }
      signal.throwIfAborted();
      for (const claim of fresh) claim.announced = true;
      await options.onAssigned?.(fresh);
      for (const claim of fresh) claim.release(claim.position);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async function placeWithin(at: TopicPartition, offset: bigint, low: bigint, high: bigint): Promise<bigint> {
    if (low <= offset && offset <= high) return offset;
    const error = new OffsetLostError(at, offset, low, high);
    const resumeFrom = await options.onOffsetLost?.(error);
    if (resumeFrom === undefined) throw error;
    return resumeFrom;
  }

  /** kafkajs answers "offset out of range" by committing a default offset; it logs first, and what the log throws stops it. */
  function refuseSilentReset(entry: { log: { message: string; topic?: string; partition?: number } }): void {
    if (entry.log.message !== OUT_OF_RANGE_LOG) return;
    const claim = claims.get(`${entry.log.topic}/${entry.log.partition}`);
    if (claim?.flowing) {
      claim.hold();
      void guard(() => recover(claim));
    }
    throw Object.assign(new KafkaError(entry.log.message), { retriable: true });
  }

  async function recover(claim: Claim): Promise<void> {
    try {
      const ask = { signal: claim.signal };
      const offsets = await askBrokers(kafka, "read offsets", (admin) => offsetsOf(admin, claim.topic), ask);
      const held = offsets.find((o) => o.partition === claim.partition);
      if (!held) throw new KafkaError(`${nameOf(claim)} has no offsets`);
      claim.release(await placeWithin(claim, claim.position, held.lowOffset, held.highOffset));
    } catch (error) {
      if (!claim.lost) throw error;
    }
  }

  async function takeBatch(payload: EachBatchPayload): Promise<void> {
    const batch = payload.batch as Batch & { fetchedOffset: string };
    const claim = claims.get(nameOf(batch));
    if (!claim?.flowing || payload.isStale() || !claim.follows(BigInt(batch.fetchedOffset))) return;
    claim.commitThrough(payload.commitOffsetsIfNecessary);
    claim.highOffset = BigInt(batch.highWatermark);
    const records = batch.messages.map((message) => toRecord(placeOf(batch), message));
    const from = claim.position;
    let failed: unknown;
    const taken = (async () => options.onBatch(claim, records))().catch((error: unknown) => {
      failed = error;
      void end(toError(error));
    });
    await whileHeartbeating(payload.heartbeat, heartbeatMs / 2, taken);
    if (failed !== undefined || claim.lost || payload.isStale() || claim.position !== from) return;
    payload.resolveOffset(batch.lastOffset());
    claim.position = BigInt(batch.lastOffset()) + 1n;
  }

  function end(error?: Error): Promise<void> {
    if (ending) return ending;
    if (error) reportCrash(error, false);
    ending = Promise.resolve().then(async () => {
      for (const claim of claims.values()) claim.hold();
      await revokeAll(error ? "crash" : "close", true);
      drop(claims.values());
      await within(
        DISCONNECT_LIMIT_MS,
        consumer.disconnect().catch(() => {}),
      );
      if (error) ended.reject(error);
      else ended.resolve();
    });
    return ending;
  }

  function reportCrash(error: Error, willRestart: boolean): void {
    try {
      options.onCrash?.(error, willRestart);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }

  consumer.on("consumer.group_join", (event) => assign(event.payload.memberAssignment));
  consumer.on("consumer.rebalancing", () => void revokeAll("rebalance"));
  consumer.on("consumer.crash", ({ payload: { error, restart } }) => {
    if (!restart) return void end(error);
    void revokeAll("crash");
    reportCrash(error, true);
  });

  try {
    await consumer.connect();
    await consumer.subscribe({ topics: options.topics, fromBeginning: options.fromBeginning });
  } catch (error) {
    await consumer.disconnect().catch(() => {});
    if (isUnknownTopic(error)) throw new UnknownTopicError(options.topics.join(", "), error);
    throw new ConnectError(options.brokers, error);
  }
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 32,
    eachBatch: takeBatch,
  });
  const close = () => end().then(() => ended.promise);
  return {
    closed: ended.promise,
    close,
    [Symbol.asyncDispose]: close,
    get claims() {
      return [...claims.values()];
    },
  };
}

/** After a crash the driver has no group for a moment, and says so by throwing; the claims are lost right after. */
function whileJoined(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes("Consumer group was not initialized")) throw error;
  }
}

function nameOf(at: TopicPartition): string {
  return `${at.topic}/${at.partition}`;
}

function placeOf(at: TopicPartition): TopicPartition {
  return { topic: at.topic, partition: at.partition };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
