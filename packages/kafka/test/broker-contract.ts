import { scratchName } from "@maru/devstack";
import { describe, expect, test } from "vitest";
import {
  type Broker,
  type ConsumedRecord,
  type ConsumerDriver,
  type ConsumerOptions,
  type KafkaConnection,
  KafkaError,
  type PartitionClaim,
  partitionOf,
  TopicMismatchError,
  UnknownTopicError,
} from "../src/index.ts";

/** A broker that the contract is asked of. */
export interface ContractHost {
  broker(): Broker;
  /** As retention does it. */
  dropRecords(topic: string, beforeOffset: bigint): Promise<void>;
}

const patient = { timeout: 20_000, interval: 10 };

/** What consumers may rely on, whatever the broker. */
export function describeBroker(name: string, host: ContractHost): void {
  const newTopic = async (partitionCount = 1, configs: Record<string, string> = {}) => {
    const topic = scratchName("broker-test");
    await host.broker().ensureTopic({ topic, partitionCount, replicationFactor: 1, configs });
    return topic;
  };
  const send = async (topic: string, ...keys: string[]) => {
    await using producer = await host.broker().startProducer();
    return producer.sendAll(
      topic,
      keys.map((key) => ({ key, value: Buffer.from(key), headers: { is: key } })),
    );
  };
  const committed = (group: string, topic: string) => host.broker().committedOffsets(group, topic);

  async function listen(
    topic: string,
    groupId: string,
    more: Partial<Omit<ConsumerOptions, keyof KafkaConnection>> = {},
  ) {
    const records: ConsumedRecord[] = [];
    const told: string[] = [];
    const partitions = (claims: PartitionClaim[]) => claims.map((claim) => claim.partition).toSorted();
    const driver: ConsumerDriver = await host.broker().startConsumer({
      groupId,
      topics: [topic],
      fromBeginning: true,
      heartbeatIntervalMs: 100,
      onAssigned: (claims) => void told.push(`assigned ${partitions(claims)}`),
      onRevoked: (claims, reason) => void told.push(`${reason} ${partitions(claims)}`),
      onBatch: (_claim, batch) => void records.push(...batch),
      ...more,
    });
    return { driver, records, told, keys: () => records.map(keyOf) };
  }

  describe(name, () => {
    test("a topic can be described, and one that does not exist is undefined", async () => {
      const topic = await newTopic(3, { "cleanup.policy": "compact" });
      expect(await host.broker().describeTopic(topic)).toEqual({
        topic,
        partitionCount: 3,
        replicationFactor: 1,
        configs: { "cleanup.policy": "compact", "min.insync.replicas": "1" },
      });
      expect(await host.broker().describeTopic("no-such-topic")).toBeUndefined();
    });

    test("puts each key where every producer puts it, or where it is told, and counts offsets from 0", async () => {
      const topic = await newTopic(3);
      const keys = Array.from({ length: 20 }, (_, index) => `room-${index}`);
      const stored = await send(topic, ...keys);
      expect(stored.map(({ partition }) => partition)).toEqual(keys.map((key) => partitionOf(key, 3)));
      const read: ConsumedRecord[] = [];
      const all = { topic, partitions: [0, 1, 2] };
      await host.broker().readPartitions(all, (records) => void read.push(...records));
      for (const partition of [0, 1, 2]) {
        const inIt = read.filter((record) => record.partition === partition);
        expect(inIt.map(keyOf)).toEqual(keys.filter((key) => partitionOf(key, 3) === partition));
        expect(inIt.map(({ offset }) => offset)).toEqual(inIt.map((_, index) => BigInt(index)));
        const highOffset = BigInt(inIt.length);
        expect((await host.broker().topicOffsets(topic))[partition]).toEqual({ partition, lowOffset: 0n, highOffset });
      }
      expect(read[0]).toMatchObject({ topic, headers: { is: keyOf(read[0]) } });
      expect(await host.broker().topicPartitions(topic)).toBe(3);
      await using producer = await host.broker().startProducer();
      const told = { key: "room-0", value: null, partition: 2 };
      expect((await producer.send(topic, told)).partition).toBe(2);
      await expect(producer.send(topic, { ...told, partition: 3 })).rejects.toThrow("has no partition 3");
    });

    test("makes a topic once, and refuses one that differs", async () => {
      const topic = await newTopic(2, { "cleanup.policy": "compact" });
      const spec = { topic, partitionCount: 2, replicationFactor: 1 };
      expect(await host.broker().ensureTopic({ ...spec, configs: { "cleanup.policy": "compact" } })).toBe("verified");
      const differing = host
        .broker()
        .ensureTopic({ ...spec, partitionCount: 3, configs: { "cleanup.policy": "delete" } });
      const error = await differing.catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(TopicMismatchError);
      expect(error).toMatchObject({
        differences: [
          { what: "partitionCount", expected: "3", actual: "2" },
          { what: "cleanup.policy", expected: "delete", actual: "compact" },
        ],
      });
    });

    test("knows no topic that nobody made", async () => {
      const topic = "broker-test-nowhere";
      await Promise.all([
        expect(listen(topic, scratchName("group"))).rejects.toThrow(UnknownTopicError),
        expect(host.broker().topicOffsets(topic)).rejects.toThrow(UnknownTopicError),
        expect(send(topic, "a")).rejects.toMatchObject({ failures: [{ error: expect.any(UnknownTopicError) }] }),
      ]);
    });

    test("lets a group go on where it committed, and a new one begin at the end when it wants that", async () => {
      const topic = await newTopic();
      const group = scratchName("group");
      await send(topic, "a", "b", "c");
      const first = await listen(topic, group, {
        async onBatch(claim) {
          expect([claim.startOffset, claim.startsFrom, claim.highOffset]).toEqual([0n, "oldest", 3n]);
          expect(await claim.commit(2n)).toBe(true);
        },
      });
      await expect.poll(() => committed(group, topic), patient).toEqual(new Map([[0, 2n]]));
      await first.driver.close();
      const fresh = await listen(topic, scratchName("group"), { fromBeginning: false });
      await expect.poll(() => fresh.told, patient).toEqual(["assigned 0"]);
      await send(topic, "d");
      const second = await listen(topic, group);
      await expect.poll(second.keys, patient).toEqual(["c", "d"]);
      await expect.poll(fresh.keys, patient).toEqual(["d"]);
      expect(second.driver.claims[0]).toMatchObject({ startOffset: 2n, position: 4n, highOffset: 4n });
      expect(second.driver.claims[0]?.startsFrom).toBe("committed");
      expect(fresh.driver.claims[0]).toMatchObject({ startOffset: 3n, startsFrom: "newest" });
      await Promise.all([second.driver.close(), fresh.driver.close()]);
      expect(second.told).toEqual(["assigned 0", "close 0"]);
    });

    test("gives partitions to members that come, and back when they go; what is lost can no longer be committed", async () => {
      const topic = await newTopic(2);
      const group = scratchName("group");
      await send(topic, ..."abcdefgh");
      const held: PartitionClaim[] = [];
      const late = Promise.withResolvers<boolean>();
      const first = await listen(topic, group, {
        onBatch: (claim) => void held.push(claim),
        onRevoked(claims, reason) {
          if (reason !== "rebalance" || held[0]?.signal.aborted) return;
          for (const claim of claims) void claim.commit(claim.position);
          held[0]?.signal.addEventListener("abort", () => late.resolve(held[0]?.commit(0n) ?? true));
        },
      });
      await expect.poll(() => held.length, patient).toBe(2);
      const ends = new Map(held.map((claim) => [claim.partition, claim.highOffset]));
      const second = await listen(topic, group);
      await expect.poll(() => first.driver.claims.length, patient).toBe(1);
      expect(await late.promise).toBe(false);
      expect(await committed(group, topic)).toEqual(ends);
      expect(held.slice(0, 2).every((claim) => claim.signal.aborted)).toBe(true);
      await first.driver.close();
      await expect
        .poll(() => second.driver.claims.map((claim) => claim.position).toSorted(), patient)
        .toEqual([...ends.values()].toSorted());
      expect(second.records).toEqual([]);
      await second.driver.close();
    });

    test("hands nothing over before onAssigned has resolved, and waits for onRevoked when it closes", async () => {
      const topic = await newTopic();
      const group = scratchName("group");
      await send(topic, "a");
      const order: string[] = [];
      const { driver } = await listen(topic, group, {
        async onAssigned([claim]) {
          const tooEarly = claim?.commit(1n).catch((error: unknown) => error);
          await new Promise((resolve) => setTimeout(resolve, 20));
          expect(await tooEarly).toBeInstanceOf(KafkaError);
          order.push("assigned");
        },
        onBatch: () => void order.push("batch"),
        async onRevoked([claim], reason) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          order.push(reason, `stored ${await claim?.commit(1n)}`);
        },
      });
      await expect.poll(() => order, patient).toEqual(["assigned", "batch"]);
      const [claim] = driver.claims;
      await driver.close();
      expect(order).toEqual(["assigned", "batch", "close", "stored true"]);
      expect(await committed(group, topic)).toEqual(new Map([[0, 1n]]));
      expect(await claim?.commit(0n)).toBe(false);
      expect(driver.claims).toEqual([]);
    });

    test("pauses, resumes and seeks", async () => {
      const topic = await newTopic();
      await send(topic, "a", "b");
      const { driver, records, keys } = await listen(topic, scratchName("group"), {
        onBatch(claim, batch) {
          records.push(...batch);
          if (keyOf(batch[0]) === "a" && records.length < 4) claim.seek(1n);
          else claim.pause();
        },
      });
      await expect.poll(keys, patient).toEqual(["a", "b", "b"]);
      await send(topic, "c");
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(keys()).toEqual(["a", "b", "b"]);
      driver.claims[0]?.resume();
      await expect.poll(keys, patient).toEqual(["a", "b", "b", "c"]);
      driver.claims[0]?.seek(0n);
      driver.claims[0]?.resume();
      await expect.poll(keys, patient).toEqual(["a", "b", "b", "c", "a", "b", "c"]);
      await driver.close();
    });

    test("ends a consumer whose callback throws, which says why, and its group goes on without it", async () => {
      const topic = await newTopic();
      const group = scratchName("group");
      await send(topic, "a");
      const error = new Error("no");
      const crashes: unknown[] = [];
      const { driver, told } = await listen(topic, group, {
        onBatch: () => Promise.reject(error),
        onCrash: (...crash) => void crashes.push(crash),
      });
      await expect(driver.closed).rejects.toBe(error);
      expect(crashes).toEqual([[error, false]]);
      expect(told).toEqual(["assigned 0", "crash 0"]);
      const next = await listen(topic, group);
      await expect.poll(next.keys, patient).toEqual(["a"]);
      await next.driver.close();
    });

    test("says that the offset to go on from is lost, or goes on where it is told", async () => {
      const topic = await newTopic();
      const group = scratchName("group");
      await send(topic, ..."abcd");
      const first = await listen(topic, group, { onBatch: (claim) => claim.commit(1n).then(() => {}) });
      await expect.poll(() => committed(group, topic), patient).toEqual(new Map([[0, 1n]]));
      await first.driver.close();
      await host.dropRecords(topic, 3n);
      const second = await listen(topic, group);
      const lost = { name: "OffsetLostError", topic, partition: 0, offset: 1n, lowOffset: 3n, highOffset: 4n };
      await expect(second.driver.closed).rejects.toMatchObject(lost);
      expect(await committed(group, topic)).toEqual(new Map([[0, 1n]]));
      const third = await listen(topic, group, { onOffsetLost: async ({ lowOffset }) => lowOffset });
      await expect.poll(third.keys, patient).toEqual(["d"]);
      expect(third.driver.claims[0]).toMatchObject({ startOffset: 3n, startsFrom: "lost" });
      await third.driver.close();
    });

    test("reads partitions up to what they hold, and refuses those that are not there", async () => {
      const topic = await newTopic(2);
      const read = (partitions: number[]) =>
        host.broker().readPartitions({ topic, partitions }, () => expect.unreachable());
      await read([0, 1]);
      await expect(read([2])).rejects.toThrow("has no partition 2");
      await send(topic, "a");
      const failing = host.broker().readPartitions({ topic, partitions: [partitionOf("a", 2)] }, () => {
        throw new Error("cannot read this");
      });
      await expect(failing).rejects.toThrow("cannot read this");
    });

    test("reads from an offset up to another, and follows what comes, until it is stopped", async () => {
      const topic = await newTopic();
      await send(topic, ..."abcd");
      const read: string[] = [];
      const take = (records: ConsumedRecord[]) => void read.push(...records.map(keyOf));
      const range = { topic, partitions: [0], from: new Map([[0, 1n]]), until: new Map([[0, 3n]]) };
      await host.broker().readPartitions(range, take);
      expect(read).toEqual(["b", "c"]);
      const stop = new AbortController();
      const following = host.broker().followPartitions({ topic, from: new Map([[0, 3n]]), signal: stop.signal }, take);
      await expect.poll(() => read, patient).toEqual(["b", "c", "d"]);
      await send(topic, "e");
      await expect.poll(() => read, patient).toEqual(["b", "c", "d", "e"]);
      stop.abort();
      await following;
      const lost = host.broker().readPartitions({ topic, partitions: [0], from: new Map([[0, 9n]]) }, take);
      await expect(lost).rejects.toMatchObject({ name: "OffsetLostError", offset: 9n, highOffset: 5n });
    });

    test("finds offsets by time", async () => {
      const topic = await newTopic();
      await using producer = await host.broker().startProducer();
      const at = (timestampMs: number) => ({ key: "a", value: Buffer.from("a"), timestampMs });
      await producer.sendAll(topic, [at(1000), at(2000), at(3000)]);
      for (const [timeMs, offset] of [
        [0, 0n],
        [2000, 1n],
        [2001, 2n],
        [3001, 3n],
      ] as const) {
        expect(await host.broker().offsetsAtTime(topic, timeMs)).toEqual(new Map([[0, offset]]));
      }
    });
  });
}

function keyOf(record: ConsumedRecord | undefined): string {
  return Buffer.from(record?.key ?? []).toString();
}
