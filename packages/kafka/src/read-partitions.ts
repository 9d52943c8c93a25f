import { randomUUID } from "node:crypto";
import { type Admin, AssignerProtocol, type PartitionAssigner } from "kafkajs";
import { askBrokers } from "./admin.ts";
import { type KafkaConnection, openKafka } from "./connection.ts";
import { KafkaError } from "./errors.ts";
import { type ConsumedRecord, toRecord } from "./record.ts";
import { offsetsOf } from "./topics.ts";

/** What to read. */
export interface ReadRange {
  topic: string;
  partitions: readonly number[];
  /** Stops the reading; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Reads partitions from their first record up to what they hold now, outside of any group of yours and without committing: for
 * a topic that keeps state, such as a compacted one, before following it. Records of one partition come in order. Brokers
 * let a new group wait `group.initial.rebalance.delay.ms` (3 s by default), so ask for all partitions at once.
 *
 * @throws UnknownTopicError, KafkaError, and what `onRecords` throws
 * @example
 * await readPartitions(connection, { topic: "push.parked", partitions: [3, 4] }, (records) => records.forEach(remember));
 */
export async function readPartitions(
  connection: KafkaConnection,
  range: ReadRange,
  onRecords: (records: ConsumedRecord[]) => void | Promise<void>,
): Promise<void> {
  const { topic } = range;
  const signal = range.signal ?? new AbortController().signal;
  const kafka = openKafka(connection);
  const ask = (admin: Admin) => offsetsOf(admin, topic);
  const held = await askBrokers(kafka, `read the offsets of ${topic}`, ask, { signal, limitMs: 20_000 });
  const left = new Map<number, { next: bigint; end: bigint }>();
  for (const partition of range.partitions) {
    const offsets = held.find((o) => o.partition === partition);
    if (!offsets) throw new KafkaError(`topic ${topic} has no partition ${partition}`);
    if (offsets.lowOffset < offsets.highOffset)
      left.set(partition, { next: offsets.lowOffset, end: offsets.highOffset });
  }
  if (left.size === 0) return;

  const done = Promise.withResolvers<void>();
  done.promise.catch(() => {}); // may reject before it is awaited
  const consumer = kafka.consumer({
    groupId: `${connection.clientId}-read-${randomUUID()}`,
    maxWaitTimeInMs: 100,
    allowAutoTopicCreation: false,
    partitionAssigners: [assigningOnly(topic, [...left.keys()])],
  });
  const abort = () => done.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  consumer.on("consumer.crash", ({ payload: { error, restart } }) => {
    if (!restart) done.reject(new KafkaError(`cannot read ${topic}: ${error.message}`, { cause: error }));
  });
  consumer.on("consumer.group_join", () => {
    for (const [partition, { next }] of left) consumer.seek({ topic, partition, offset: String(next) });
  });
  // Also tells of batches that hold nothing but control records, which are not handed over.
  consumer.on("consumer.end_batch_process", ({ payload: { partition, lastOffset } }) => {
    const place = left.get(partition);
    if (place) place.next = BigInt(lastOffset) + 1n;
    if (place && place.next >= place.end) left.delete(partition);
    if (left.size === 0) done.resolve();
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 8,
      async eachBatch({ batch }) {
        const place = left.get(batch.partition);
        if (!place) return;
        const records = batch.messages.map((message) => toRecord({ topic, partition: batch.partition }, message));
        const wanted = records.filter((r) => r.offset >= place.next && r.offset < place.end);
        try {
          if (wanted.length > 0) await onRecords(wanted);
        } catch (error) {
          left.delete(batch.partition);
          done.reject(error);
        }
      },
    });
    await done.promise;
  } finally {
    signal.removeEventListener("abort", abort);
    await consumer.disconnect().catch(() => {});
  }
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
