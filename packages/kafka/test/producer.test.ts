import { startTcpProxy } from "@maru/devstack";
import { expect, test } from "vitest";
import {
  ConnectError,
  MessageTooLargeError,
  ProducerClosedError,
  partitionOf,
  SendAllError,
  startProducer,
  UnknownTopicError,
} from "../src/index.ts";
import { connection, message, newTopic, readAll, textOf } from "./cluster.ts";
import { isProduce, requestFrames, through } from "./produce-frames.ts";

test("messages of a key keep their order, and each answer says where the message is", async () => {
  const topic = await newTopic(3);
  await using producer = await startProducer(connection());
  const messages = Array.from({ length: 2000 }, (_, i) => message(`room-${i % 20}`, String(i)));
  const stored = await producer.sendAll(topic, messages);
  const records = await readAll(topic);
  const at = new Map(records.map((r) => [`${r.partition}/${r.offset}`, textOf(r)]));
  expect(stored.map(({ partition, offset }) => at.get(`${partition}/${offset}`))).toEqual(
    messages.map((_, i) => `${i}`),
  );
  for (let room = 0; room < 20; room++) {
    const ofRoom = records.filter((r) => Buffer.from(r.key ?? []).toString() === `room-${room}`);
    expect(ofRoom.map((r) => Number(textOf(r)) % 20)).toEqual(Array(100).fill(room));
    expect(ofRoom.map(textOf)).toEqual(ofRoom.map(textOf).toSorted((a, b) => Number(a) - Number(b)));
    expect(new Set(ofRoom.map((r) => r.partition))).toEqual(new Set([partitionOf(`room-${room}`, 3)]));
  }
});

test("headers, time, bytes as key and a tombstone arrive as they were sent", async () => {
  const topic = await newTopic(1);
  await using producer = await startProducer(connection());
  const key = new Uint8Array([0, 255, 7]);
  await producer.send(topic, {
    key,
    value: null,
    headers: { seq: "41", ce_type: "é" },
    timestampMs: 1_700_000_000_123,
  });
  // Headers become texts when they are looked at, so they are no property of the record's own.
  expect((await readAll(topic)).map((record) => ({ ...record, headers: record.headers }))).toEqual([
    {
      topic,
      partition: 0,
      offset: 0n,
      key: Buffer.from(key),
      value: null,
      headers: { seq: "41", ce_type: "é" },
      timestampMs: 1_700_000_000_123,
    },
  ]);
});

test("a message goes to the partition that it names, and to none that is not there", async () => {
  const topic = await newTopic(3);
  await using producer = await startProducer(connection());
  const other = (partitionOf("k", 3) + 1) % 3;
  expect(await producer.send(topic, { ...message("k", "v"), partition: other })).toMatchObject({ partition: other });
  await expect(producer.send(topic, { ...message("k", "v"), partition: 3 })).rejects.toThrow("has no partition 3");
});

test("what waits for a partition goes out together, within the bounds", async () => {
  const topic = await newTopic(1);
  const produceBytes: number[] = [];
  const frames = new Map<number, (chunk: Buffer) => Buffer>();
  const note = (frame: Buffer) => {
    if (isProduce(frame)) produceBytes.push(frame.length);
    return frame;
  };
  await using proxy = await startTcpProxy({
    target: connection().brokers[0] ?? "",
    onChunk(chunk, { from, connection: number }) {
      if (from === "upstream") return chunk;
      if (!frames.has(number)) frames.set(number, requestFrames(note));
      return frames.get(number)?.(chunk) ?? chunk;
    },
  });
  await using producer = await startProducer({
    ...through(proxy, connection()),
    maxBatchBytes: 20_000,
    maxBatchCount: 50,
  });
  await producer.sendAll(
    topic,
    Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, value: Buffer.alloc(100) })),
  );
  await producer.sendAll(
    topic,
    Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, value: Buffer.alloc(5000) })),
  );
  expect(produceBytes).toHaveLength(4 + 7); // 50 at a time by count, then 3 at a time by bytes
  expect(Math.max(...produceBytes)).toBeLessThan(21_000);
});

test("senders wait while too many bytes are unacknowledged", async () => {
  const topic = await newTopic(1);
  await using proxy = await startTcpProxy({ target: connection().brokers[0] ?? "" });
  await using producer = await startProducer({ ...through(proxy, connection()), maxPendingBytes: 10_000 });
  await producer.send(topic, message("k", "warm"));
  proxy.delayMs = 20;
  let most = 0;
  const sends = Array.from({ length: 100 }, async (_, i) => {
    const stored = await producer.send(topic, { key: "k", value: Buffer.alloc(900, i) });
    most = Math.max(most, producer.pendingBytes);
    return Number(stored.offset);
  });
  expect(await Promise.all(sends)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  expect(most).toBeGreaterThan(5000);
  expect(most).toBeLessThanOrEqual(10_000);
  expect(producer.pendingBytes).toBe(0);
});

test("a message that is too large is refused alone", async () => {
  const topic = await newTopic(1, { "max.message.bytes": "20000" });
  await using producer = await startProducer(connection());
  const sizes = [10, 30_000, 10, 15_000, 15_000];
  const sent = producer.sendAll(
    topic,
    sizes.map((size) => ({ key: "k", value: Buffer.alloc(size) })),
  );
  const error = await sent.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(SendAllError);
  expect((error as SendAllError).failures).toEqual([{ index: 1, error: expect.any(MessageTooLargeError) }]);
  expect((await readAll(topic)).map((r) => r.value?.length)).toEqual([10, 10, 15_000, 15_000]);
});

test("a message larger than the producer may hold is refused at once", async () => {
  await using producer = await startProducer({ ...connection(), maxPendingBytes: 1000 });
  const sent = producer.send(await newTopic(1), { key: "k", value: Buffer.alloc(1001) });
  await expect(sent).rejects.toThrow(MessageTooLargeError);
});

test("a topic that does not exist is a typed error, and is found once it exists", async () => {
  await using producer = await startProducer(connection());
  const sent = producer.send("kafka-test-nowhere", message("k", "v"));
  await expect(sent).rejects.toThrow(UnknownTopicError);
  expect(await producer.send(await newTopic(1), message("k", "v"))).toEqual({ partition: 0, offset: "0" });
});

test("a malformed message is refused before anything is sent", async () => {
  await using producer = await startProducer(connection());
  await expect(producer.send("", message("k", "v"))).rejects.toThrow("topic must be");
  await expect(producer.send("t", { key: 7 as unknown as string, value: null })).rejects.toThrow("key must be");
  await expect(producer.send("t", { key: "k", value: "v" as unknown as Buffer })).rejects.toThrow("value must be");
});

test("what is sent while the broker is away is stored once it is back, in order and complete", async () => {
  const topic = await newTopic(2);
  await using proxy = await startTcpProxy({ target: connection().brokers[0] ?? "" });
  let retries = 0;
  await using producer = await startProducer({ ...through(proxy, connection()), onRetry: () => retries++ });
  const sends: Promise<unknown>[] = [];
  const sendSome = (from: number) => {
    for (let i = from; i < from + 100; i++) sends.push(producer.send(topic, message(`room-${i % 5}`, String(i))));
  };
  sendSome(0);
  await Promise.race(sends);
  sendSome(100);
  proxy.cut();
  sendSome(200);
  await expect.poll(() => retries, { timeout: 20_000 }).toBeGreaterThan(0);
  proxy.resume();
  await Promise.all(sends);
  const records = await readAll(topic);
  for (let room = 0; room < 5; room++) {
    const texts = records.map(textOf).filter((text) => Number(text) % 5 === room);
    expect([...new Set(texts)]).toEqual(Array.from({ length: 60 }, (_, i) => String(i * 5 + room)));
  }
});

test("closing waits for what is pending and then refuses", async () => {
  const topic = await newTopic(1);
  const producer = await startProducer(connection());
  const sends = Array.from({ length: 50 }, (_, i) => producer.send(topic, message("k", String(i))));
  await producer.close();
  expect(await Promise.all(sends)).toHaveLength(50);
  await expect(producer.send(topic, message("k", "late"))).rejects.toThrow(ProducerClosedError);
});

test("closing while no broker answers rejects what is pending after the drain time", async () => {
  const topic = await newTopic(1);
  await using proxy = await startTcpProxy({ target: connection().brokers[0] ?? "" });
  const producer = await startProducer({ ...through(proxy, connection()), drainTimeoutMs: 200 });
  await producer.send(topic, message("k", "0"));
  proxy.cut();
  const refused = expect(producer.send(topic, message("k", "1"))).rejects.toThrow(ProducerClosedError);
  await producer.close();
  await refused;
  expect(producer.pendingBytes).toBe(0);
});

test("the caller's signal ends the retries", async () => {
  const topic = await newTopic(1);
  await using proxy = await startTcpProxy({ target: connection().brokers[0] ?? "" });
  const stop = new AbortController();
  const onRetry = () => stop.abort();
  await using producer = await startProducer({ ...through(proxy, connection()), signal: stop.signal, onRetry });
  await producer.send(topic, message("k", "0"));
  proxy.cut();
  await expect(producer.send(topic, message("k", "1"))).rejects.toThrow(ProducerClosedError);
});

test("starting without any broker is a typed error", async () => {
  const start = startProducer({ brokers: ["127.0.0.1:1"], clientId: "kafka-test" });
  await expect(start).rejects.toThrow(ConnectError);
});
