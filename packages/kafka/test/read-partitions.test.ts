import { connect } from "node:net";
import { expect, test } from "vitest";
import {
  followPartitions,
  type KafkaConnection,
  OffsetLostError,
  offsetsAtTime,
  partitionOf,
  readPartitions,
  startProducer,
  topicOffsets,
  UnknownTopicError,
} from "../src/index.ts";
import { connection, message, newTopic, textOf } from "./cluster.ts";

test("partitions are read from the first record to the last, and no others", async () => {
  const topic = await newTopic(4);
  await using producer = await startProducer(connection());
  const keys = Array.from({ length: 300 }, (_, i) => `key-${i}`);
  await producer.sendAll(
    topic,
    keys.map((key) => message(key, key)),
  );
  const read: string[] = [];
  await readPartitions(
    connection(),
    { topic, partitions: [1, 3] },
    (records) => void read.push(...records.map(textOf)),
  );
  for (const partition of [1, 3]) {
    const inPartition = (key: string) => partitionOf(key, 4) === partition;
    expect(read.filter(inPartition)).toEqual(keys.filter(inPartition));
  }
  expect(read.filter((key) => [0, 2].includes(partitionOf(key, 4)))).toEqual([]);
});

test("an empty partition is read at once", async () => {
  const topic = await newTopic(1);
  await readPartitions(connection(), { topic, partitions: [0] }, () => expect.unreachable());
});

test("what the reader throws, and an abort, end the reading", async () => {
  const topic = await newTopic(1);
  await using producer = await startProducer(connection());
  await producer.send(topic, message("k", "v"));
  const fail = () => Promise.reject(new Error("cannot read this"));
  await expect(readPartitions(connection(), { topic, partitions: [0] }, fail)).rejects.toThrow("cannot read this");
  const stop = new AbortController();
  const stopThere = () => stop.abort(new Error("stopped"));
  const reading = readPartitions(connection(), { topic, partitions: [0], signal: stop.signal }, stopThere);
  await expect(reading).rejects.toThrow("stopped");
});

test("a partition or topic that does not exist is refused", async () => {
  const topic = await newTopic(1);
  const read = (range: { topic: string; partitions: number[] }) => readPartitions(connection(), range, () => {});
  await expect(read({ topic, partitions: [7] })).rejects.toThrow("has no partition 7");
  await expect(read({ topic: "kafka-test-nowhere", partitions: [0] })).rejects.toThrow(UnknownTopicError);
});

test("a partition is read from an offset up to another, and followed from there, each record once", async () => {
  const topic = await newTopic(1);
  await using producer = await startProducer(connection());
  const send = (texts: string[]) =>
    producer.sendAll(
      topic,
      texts.map((text) => message("k", text)),
    );
  await send(["0", "1", "2", "3"]);
  const read: string[] = [];
  const range = { topic, partitions: [0], from: new Map([[0, 1n]]), until: new Map([[0, 3n]]) };
  await readPartitions(connection(), range, (records) => void read.push(...records.map(textOf)));
  expect(read).toEqual(["1", "2"]);

  const stop = new AbortController();
  let busy = false;
  const following = followPartitions(
    connection(),
    { topic, from: new Map([[0, 3n]]), signal: stop.signal },
    async (records) => {
      expect(busy).toBe(false);
      busy = true;
      await send(read.length < 5 ? [`${read.length + 1}`] : []);
      read.push(...records.map(textOf));
      busy = false;
    },
  );
  await expect.poll(() => read, { timeout: 20_000 }).toEqual(["1", "2", "3", "3", "4", "5"]);
  stop.abort();
  await following;
});

test("an offset that the log does not hold is told, and a time has its offset", async () => {
  const topic = await newTopic(1);
  await using producer = await startProducer(connection());
  const before = Date.now();
  await producer.send(topic, message("k", "v"));
  expect(await offsetsAtTime(connection(), topic, before)).toEqual(new Map([[0, 0n]]));
  expect(await offsetsAtTime(connection(), topic, Date.now() + 60_000)).toEqual(new Map([[0, 1n]]));
  expect(await topicOffsets(connection(), topic)).toMatchObject([{ lowOffset: 0n, highOffset: 1n }]);
  const from = new Map([[0, 7n]]);
  const { signal } = new AbortController();
  await expect(followPartitions(connection(), { topic, from, signal }, () => {})).rejects.toThrow(OffsetLostError);
  await expect(readPartitions(connection(), { topic, partitions: [0], from }, () => {})).rejects.toThrow(
    OffsetLostError,
  );
});

test("connections that break off delay a reading, and what its owner throws ends it", async () => {
  const topic = await newTopic(1);
  await using producer = await startProducer(connection());
  await producer.sendAll(topic, [message("k", "1"), message("k", "2")]);
  let opened = 0;
  const cutting: KafkaConnection = {
    ...connection(),
    socketFactory({ host, port, onConnect }) {
      const socket = connect(port, host, onConnect);
      opened++; // the first asks for the offsets; after it, all tries of the first reader fail
      if (opened > 1 && opened < 6) socket.destroy(new Error("planned: cut"));
      return socket;
    },
  };
  const read: string[] = [];
  const until = new Map([[0, 1n]]);
  await readPartitions(cutting, { topic, partitions: [0], until }, (records) => void read.push(...records.map(textOf)));
  expect(read).toEqual(["1"]);
  expect(opened).toBeGreaterThan(6);
  // It looks like an error of kafkajs that passes, and is the owner's.
  const error = Object.assign(new Error("my database is away"), { name: "KafkaJSTimeout" });
  const failing = readPartitions(connection(), { topic, partitions: [0] }, () => Promise.reject(error));
  await expect(failing).rejects.toBe(error);
});
