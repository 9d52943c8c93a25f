import { partitionOf } from "@maru/kafka";
import { describe, expect, test } from "vitest";
import { RecordsDroppedError } from "./records-dropped-error.ts";
import { createTopicLog, type TopicLog } from "./topic-log.ts";

const createLog = (maxBytes = 1_000_000) =>
  createTopicLog({ name: "jobs", partitionCount: 3, maxBytes, nowMs: () => 1234 });

function append(log: TopicLog, ...keys: string[]): void {
  for (const key of keys) {
    log.append({ partition: partitionOf(key, 3), key, value: new Uint8Array(100), headers: { seq: "1" } });
  }
}

const keyOf = ({ key }: { key: Uint8Array }) => Buffer.from(key).toString();

describe("A topic in memory", () => {
  test("gives each key its partition, and each partition offsets without holes.", () => {
    const log = createLog();
    const keys = Array.from({ length: 60 }, (_, index) => `room-${index % 20}`);
    append(log, ...keys);
    const records = log.topic.records();
    expect(records.map(keyOf)).toEqual(keys);
    for (const partition of [0, 1, 2]) {
      const inIt = records.filter((record) => record.partition === partition);
      expect(inIt.map(({ offset }) => offset)).toEqual(inIt.map((_, index) => BigInt(index)));
      expect(inIt.every((record) => partitionOf(record.key, 3) === partition)).toBe(true);
    }
    expect(records[0]).toMatchObject({ topic: "jobs", timestampMs: 1234, headers: { seq: "1" } });
  });

  test("lets every reader have all, those that wait included, and ends them after the last.", async () => {
    const log = createLog();
    append(log, "a");
    const early = Array.fromAsync(log.topic, keyOf);
    const fromNowOn = Array.fromAsync(log.topic.read({ fromBeginning: false }), keyOf);
    append(log, "b", "c");
    await new Promise((resolve) => setImmediate(resolve));
    append(log, "d");
    log.close();
    expect(await early).toEqual(["a", "b", "c", "d"]);
    expect(await fromNowOn).toEqual(["b", "c", "d"]);
    expect(await Array.fromAsync(log.topic, keyOf)).toEqual(["a", "b", "c", "d"]);
  });

  test("ends the wait of a reader with its signal's reason.", async () => {
    const { topic } = createLog();
    const reason = new Error("enough");
    const stopping = new AbortController();
    const next = topic.read({ signal: stopping.signal }).next();
    stopping.abort(reason);
    await expect(next).rejects.toBe(reason);
    await expect(topic.read({ signal: stopping.signal }).next()).rejects.toBe(reason);
  });

  test("holds no more than it may, and tells a reader how many records it missed.", async () => {
    const log = createLog(100_000);
    const slow = log.topic.read();
    const keys = Array.from({ length: 5000 }, (_, index) => `room-${index}`);
    append(log, ...keys);
    const kept = log.topic.records().map(keyOf);
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.length).toBeLessThan(400);
    expect(kept).toEqual(keys.slice(-kept.length));
    const error = await slow.next().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RecordsDroppedError);
    expect(error).toMatchObject({ topic: "jobs", missed: keys.length - kept.length });
  });
});

describe("A listener of a topic in memory", () => {
  test("gets one record after the other, outside of the append.", async () => {
    const log = createLog();
    const steps: string[] = [];
    const subscription = log.topic.subscribe(async (record) => {
      steps.push(`begin ${keyOf(record)}`);
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`end ${keyOf(record)}`);
    });
    append(log, "a", "b");
    expect(steps).toEqual([]);
    log.close();
    await subscription.done;
    expect(steps).toEqual(["begin a", "end a", "begin b", "end b"]);
  });

  test("that throws ends its subscription, which says so, and nobody else's.", async () => {
    const log = createLog();
    const error = new Error("no");
    const failing = log.topic.subscribe(() => {
      throw error;
    });
    const heard: string[] = [];
    const other = log.topic.subscribe((record) => void heard.push(keyOf(record)));
    const failed = expect(failing.done).rejects.toBe(error);
    append(log, "a", "b");
    log.close();
    await failed;
    await failing.close();
    await other.done;
    expect(heard).toEqual(["a", "b"]);
  });

  test("is not called again after close, which waits for the call that runs.", async () => {
    const log = createLog();
    const { promise: running, resolve: begun } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const heard: string[] = [];
    const subscription = log.topic.subscribe(async (record) => {
      begun();
      await released;
      heard.push(keyOf(record));
    });
    append(log, "a", "b");
    await running;
    const closed = subscription.close();
    release();
    await closed;
    await subscription.done;
    expect(heard).toEqual(["a"]);
  });
});
