import type { Broker, ConsumedRecord } from "@maru/kafka";
import type { MemoryRecord, TestMaru } from "@maru/testing";

/** What a replay asks of Kafka, over the topic in memory; the first records can be taken away, as retention does. */
export function topicReading({ topic }: TestMaru) {
  const lowOffsets = new Map<number, bigint>();
  const partitions = Array.from({ length: topic.partitionCount }, (_, partition) => partition);
  const held = (): MemoryRecord[] =>
    topic.records().filter(({ partition, offset }) => offset >= (lowOffsets.get(partition) ?? 0n));
  const highOffsetOf = (partition: number) =>
    topic.records().reduce((high, r) => (r.partition === partition ? r.offset + 1n : high), 0n);
  const toConsumed = (record: MemoryRecord): ConsumedRecord => ({ ...record, headers: { ...record.headers } });
  let readCount = 0;
  const refuse = () => {
    throw new Error("a replay does not ask for that");
  };
  const broker: Broker = {
    startConsumer: refuse,
    startProducer: refuse,
    ensureTopic: refuse,
    committedOffsets: refuse,
    groupOffsets: refuse,
    topicPartitions: async () => topic.partitionCount,
    topicOffsets: async () =>
      partitions.map((partition) => ({
        partition,
        lowOffset: lowOffsets.get(partition) ?? 0n,
        highOffset: highOffsetOf(partition),
      })),
    offsetsAtTime: async (_topic, timeMs) =>
      new Map(
        partitions.map((partition) => {
          const first = held().find((r) => r.partition === partition && r.timestampMs >= timeMs);
          return [partition, first?.offset ?? highOffsetOf(partition)];
        }),
      ),
    async readPartitions({ partitions, from, until, signal }, onRecords) {
      for (const partition of partitions) {
        const first = from?.get(partition) ?? 0n;
        const end = until?.get(partition) ?? highOffsetOf(partition);
        const records = held().filter((r) => r.partition === partition && r.offset >= first && r.offset < end);
        readCount += records.length;
        for (let at = 0; at < records.length; at += 3) {
          signal?.throwIfAborted();
          await onRecords(records.slice(at, at + 3).map(toConsumed));
        }
      }
    },
    async followPartitions({ from, signal }, onRecords) {
      try {
        for await (const record of topic.read({ signal })) {
          const first = from.get(record.partition);
          if (first !== undefined && record.offset >= first) await onRecords([toConsumed(record)]);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
  return {
    broker,
    /** How many records bounded readings have handed over. */
    get readCount() {
      return readCount;
    },
    /** Takes away what the topic holds now. */
    dropAll() {
      for (const partition of partitions) lowOffsets.set(partition, highOffsetOf(partition));
    },
  };
}
