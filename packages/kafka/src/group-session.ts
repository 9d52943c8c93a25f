import type { EachBatchPayload, LogEntry } from "kafkajs";
import { isUnknownTopic } from "./admin.ts";
import { type Assignment, toError } from "./assignment.ts";
import { Claim, type FetchControl } from "./claim.ts";
import { METADATA_MAX_AGE_MS, openKafka } from "./connection.ts";
import type { ConsumerOptions } from "./consumer-options.ts";
import { ConnectError, UnknownTopicError } from "./errors.ts";
import { beginFetching, recoverPosition } from "./fetch-position.ts";
import { announcingAssigner } from "./membership.ts";
import { takeBatch } from "./take-batch.ts";
import { within } from "./waiting.ts";

const CONSUMER_RETRY = { initialRetryTime: 100, maxRetryTime: 2000, retries: 8 };
const DISCONNECT_LIMIT_MS = 10_000;
const LEAVE_LIMIT_MS = 3000;
/** Of one answer of a broker, as Java's clients have it. kafkajs asks in a fixed order: with less, the last partitions starve. */
const MAX_FETCH_BYTES = 50 * 1024 * 1024;

export interface GroupSessionDeps {
  readonly options: ConsumerOptions;
  readonly assignment: Assignment;
  /** Whether the consumer is being closed: it then takes no partitions on. */
  isEnding(): boolean;
  /** kafkajs gave up, and begins again by itself or not. */
  onCrash(error: Error, willRestart: boolean): void;
  /** Something was thrown that must end the consumer. */
  end(error: Error): void;
}

/** One kafkajs consumer in the group. It can be left for another one when it no longer gets anything. */
export interface GroupSession {
  /** Since when it has been no member and said nothing about it, by `performance.now`; undefined while it is a member. */
  readonly awaySinceMs: number | undefined;
  /** How many batches are with their owner now: as long, others may have to wait. */
  readonly batchesInHand: number;
  /** Joins the group and begins to fetch. Failures are told to `onCrash`. */
  run(): Promise<void>;
  /** Leaves the group. Never rejects, and takes no longer than 10 s. */
  close(): Promise<void>;
  /** The same for a session that may hang: from now on it hands over nothing, and what is left of it ends by itself. */
  abandon(): Promise<void>;
}

/** Connects and subscribes. Throws ConnectError and UnknownTopicError. */
export async function openGroupSession(deps: GroupSessionDeps): Promise<GroupSession> {
  const { options, assignment } = deps;
  const kafka = openKafka(options, CONSUMER_RETRY, refuseSilentReset);
  const consumer = kafka.consumer({
    groupId: options.groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: options.sessionTimeoutMs ?? 30_000,
    rebalanceTimeout: options.rebalanceTimeoutMs ?? 60_000,
    heartbeatInterval: options.heartbeatIntervalMs ?? 3000,
    maxWaitTimeInMs: options.maxWaitMs ?? 250,
    maxBytesPerPartition: options.maxPartitionBytes ?? 1024 * 1024,
    maxBytes: MAX_FETCH_BYTES,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    partitionAssigners: [announcingAssigner(revokeForRebalance)],
  });
  const control: FetchControl = {
    pause: ({ topic, partition }) => whileJoined(() => consumer.pause([{ topic, partitions: [partition] }])),
    resume: ({ topic, partition }) => whileJoined(() => consumer.resume([{ topic, partitions: [partition] }])),
    seek: ({ topic, partition }, offset) =>
      whileJoined(() => consumer.seek({ topic, partition, offset: String(offset) })),
  };
  const endWith = (thrown: unknown) => deps.end(toError(thrown));
  let isLeft = false;
  let awaySinceMs: number | undefined = performance.now();
  let batchesInHand = 0;

  function revokeForRebalance(): void {
    if (isLeft) return;
    awaySinceMs ??= performance.now();
    if (deps.isEnding()) assignment.drop();
    else void assignment.revoke("rebalance");
  }

  function onJoined(memberAssignment: Record<string, number[]>): void {
    if (isLeft) return;
    revokeForRebalance();
    awaySinceMs = undefined;
    if (deps.isEnding()) return;
    const fresh = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => new Claim({ topic, partition }, control)),
    );
    assignment.add(fresh);
    if (fresh.length > 0) beginFetching({ kafka, options }, fresh).catch(endWith);
  }

  /** kafkajs answers "offset out of range" by committing a default offset; it logs first, and what the log throws stops it. */
  function refuseSilentReset({ log }: LogEntry): void {
    if (log.message !== "Offset out of range, resetting to default offset") return;
    const claim = isLeft ? undefined : assignment.find({ topic: log.topic ?? "", partition: log.partition ?? -1 });
    if (claim?.flowing) {
      claim.hold();
      recoverPosition({ kafka, options }, claim).catch(endWith);
    }
    throw Object.assign(new Error(log.message), { retriable: true });
  }

  consumer.on("consumer.group_join", (event) => onJoined(event.payload.memberAssignment));
  consumer.on("consumer.rebalancing", revokeForRebalance);
  consumer.on("consumer.crash", ({ payload: { error, restart } }) => {
    if (isLeft) return;
    awaySinceMs = performance.now();
    deps.onCrash(error, restart);
  });
  // Also tells of batches that hold nothing but control records, which are not handed over.
  consumer.on("consumer.end_batch_process", ({ payload: { topic, partition, batchSize, lastOffset } }) => {
    if (!isLeft && batchSize === 0) assignment.find({ topic, partition })?.stepTo(BigInt(lastOffset) + 1n);
  });

  try {
    await consumer.connect();
    await consumer.subscribe({ topics: options.topics, fromBeginning: options.fromBeginning });
  } catch (error) {
    await within(
      DISCONNECT_LIMIT_MS,
      consumer.disconnect().catch(() => {}),
    );
    if (isUnknownTopic(error)) throw new UnknownTopicError(options.topics.join(", "), error);
    throw new ConnectError(options.brokers, error);
  }

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    if (isLeft) return;
    batchesInHand++;
    try {
      await takeBatch({ options, find: (at) => assignment.find(at), end: deps.end }, payload);
    } finally {
      batchesInHand--;
    }
  }

  async function leave(limitMs: number): Promise<void> {
    isLeft = true;
    await within(
      limitMs,
      consumer.disconnect().catch(() => {}),
    );
  }

  return {
    get awaySinceMs() {
      return awaySinceMs;
    },
    get batchesInHand() {
      return batchesInHand;
    },
    run: () =>
      consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 32,
        eachBatch,
      }),
    close: () => leave(DISCONNECT_LIMIT_MS),
    abandon: () => leave(LEAVE_LIMIT_MS),
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
