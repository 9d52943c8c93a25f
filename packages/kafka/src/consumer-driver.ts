import { isUnknownTopic } from "./admin.ts";
import { Assignment, toError } from "./assignment.ts";
import { Claim, type FetchControl } from "./claim.ts";
import { openKafka } from "./connection.ts";
import type { ConsumerDriver, ConsumerOptions } from "./consumer-options.ts";
import { ConnectError, UnknownTopicError } from "./errors.ts";
import { beginFetching, recoverPosition } from "./fetch-position.ts";
import { announcingAssigner } from "./membership.ts";
import { takeBatch } from "./take-batch.ts";
import { within } from "./waiting.ts";

const CONSUMER_RETRY = { initialRetryTime: 100, maxRetryTime: 2000, retries: 8 };
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
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {}); // also told to onCrash
  let ending: Promise<void> | undefined;

  const assignment = new Assignment(
    (claims, reason) => options.onRevoked?.(claims, reason),
    (error) => endWith(error),
  );
  const kafka = openKafka(options, CONSUMER_RETRY, refuseSilentReset);
  const consumer = kafka.consumer({
    groupId: options.groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: options.sessionTimeoutMs ?? 30_000,
    rebalanceTimeout: options.rebalanceTimeoutMs ?? 60_000,
    heartbeatInterval: options.heartbeatIntervalMs ?? 3000,
    maxWaitTimeInMs: options.maxWaitMs ?? 250,
    maxBytesPerPartition: options.maxPartitionBytes ?? 1024 * 1024,
    partitionAssigners: [announcingAssigner(revokeForRebalance)],
  });
  const control: FetchControl = {
    pause: ({ topic, partition }) => whileJoined(() => consumer.pause([{ topic, partitions: [partition] }])),
    resume: ({ topic, partition }) => whileJoined(() => consumer.resume([{ topic, partitions: [partition] }])),
    seek: ({ topic, partition }, offset) =>
      whileJoined(() => consumer.seek({ topic, partition, offset: String(offset) })),
  };

  function revokeForRebalance(): void {
    if (ending) assignment.drop();
    else void assignment.revoke("rebalance");
  }

  function onJoined(memberAssignment: Record<string, number[]>): void {
    revokeForRebalance();
    if (ending) return;
    const fresh = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => new Claim({ topic, partition }, control)),
    );
    assignment.add(fresh);
    if (fresh.length > 0) beginFetching({ kafka, options }, fresh).catch(endWith);
  }

  /** kafkajs answers "offset out of range" by committing a default offset; it logs first, and what the log throws stops it. */
  function refuseSilentReset({ log }: { log: { message: string; topic?: string; partition?: number } }): void {
    if (log.message !== "Offset out of range, resetting to default offset") return;
    const claim = assignment.find({ topic: log.topic ?? "", partition: log.partition ?? -1 });
    if (claim?.flowing) {
      claim.hold();
      recoverPosition({ kafka, options }, claim).catch(endWith);
    }
    throw Object.assign(new Error(log.message), { retriable: true });
  }

  function end(error?: Error): Promise<void> {
    if (ending) return ending;
    if (error) reportCrash(error, false);
    ending = Promise.resolve().then(async () => {
      assignment.hold();
      await assignment.revoke(error ? "crash" : "close");
      assignment.drop();
      const disconnected = consumer.disconnect().catch(() => {});
      await within(DISCONNECT_LIMIT_MS, disconnected);
      if (error) ended.reject(error);
      else ended.resolve();
    });
    return ending;
  }

  function endWith(thrown: unknown): void {
    void end(toError(thrown));
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

  consumer.on("consumer.group_join", (event) => onJoined(event.payload.memberAssignment));
  consumer.on("consumer.rebalancing", revokeForRebalance);
  consumer.on("consumer.crash", ({ payload: { error, restart } }) => {
    if (ending) return assignment.drop();
    if (!restart) return void end(error);
    void assignment.revoke("crash");
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
    eachBatch: (payload) => takeBatch({ options, find: (at) => assignment.find(at), end: endWith }, payload),
  });

  const close = () => end().then(() => ended.promise);
  return {
    closed: ended.promise,
    close,
    [Symbol.asyncDispose]: close,
    get claims() {
      return assignment.claims;
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
