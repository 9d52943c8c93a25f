import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startTcpProxy } from "@maru/devstack";
import { startProducer } from "@maru/kafka";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createLog } from "../src/log.ts";
import { createKafkaSink } from "../src/relay/kafka-sink.ts";
import { createRelayHandler, type RelayHandlerDeps } from "../src/relay/lambda.ts";
import type { LambdaStreamRecord } from "../src/relay/lambda-record.ts";
import { toEvent } from "../src/relay/to-event.ts";
import { describeShards, readShard, type StreamRecord } from "../src/store/stream.ts";
import { toChange } from "../src/store/to-change.ts";
import { toLambdaEvent } from "./lambda-events.ts";
import { createRelayWorld, firstSeqs, oneTo, put, type RelayWorld, until } from "./relay-world.ts";
import { creation } from "./store-fixtures.ts";

const relayedAtMs = Date.UTC(2026, 5, 2);
const inTime = { getRemainingTimeInMillis: () => 60_000 };

describe("the relay as a function, over the stream's own records and a real broker", () => {
  let world: RelayWorld;
  beforeAll(async () => {
    world = await createRelayWorld(inject("stack").dynamodb.endpoint);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const handlerOf = (options: Partial<RelayHandlerDeps> = {}) =>
    createRelayHandler({
      ...{ store: world.store, sink: world.sink, toChange, log: createLog("silent"), topics: world.topics },
      clock: { nowMs: () => relayedAtMs },
      deadLetterTopic: world.topics.deadLetters,
      source: "maru-test",
      ...options,
    });

  /** What the stream holds of these rooms. */
  async function readRecords(roomIds: readonly string[], count: number): Promise<StreamRecord[]> {
    const { streamArn, tables } = world;
    const [shard] = await describeShards(tables.streams, streamArn);
    const position = { streamArn, shardId: shard?.shardId ?? "", afterSequenceNumber: undefined };
    const records: StreamRecord[] = [];
    for await (const page of readShard(tables.streams, {
      ...position,
      idleMs: 20,
      signal: AbortSignal.timeout(30_000),
    })) {
      records.push(...page.filter(({ dynamodb }) => roomIds.includes(dynamodb?.Keys?.room_id?.S ?? "")));
      if (records.length >= count) return records;
    }
    return records;
  }

  const eventsOf = (roomId: string) => world.events.filter((event) => event.roomId === roomId);

  test("a record makes the same bytes, key and headers as in the worker", async () => {
    const { entry, change } = creation("a", ["ann", "bob"]);
    await world.store.putEntryWithState(entry, change);
    await put(world.store, "a", 2, 5);
    await put(world.store, "b", 1, 5);
    // The creation writes the room and two members beside its entry.
    const records = await readRecords(["a", "b"], 10 + 3);
    const { Records: given } = toLambdaEvent(records, world.streamArn);
    expect(typeof given[0]?.dynamodb?.ApproximateCreationDateTime).toBe("number");
    const handle = handlerOf();
    for (let at = 0; at < given.length; at += 4)
      expect(await handle({ Records: given.slice(at, at + 4) }, inTime)).toEqual({ batchItemFailures: [] });
    await until(
      () => eventsOf("a").length + eventsOf("b").length >= 10,
      () => world.events.length,
    );
    const origin = { topics: world.topics, source: "maru-test", relayedAtMs };
    const wanted = records.flatMap((record) => {
      const change = toChange(record);
      return change.kind === "entry" ? [toEvent(change, origin)] : [];
    });
    for (const roomId of ["a", "b"])
      expect(
        eventsOf(roomId).map(({ record }) => [`${record.headers.ce_id}`, record.headers, hex(record.value)]),
      ).toEqual(
        wanted
          .filter((event) => event?.key === roomId)
          .map((event) => [event?.headers.ce_id, event?.headers, hex(event?.value)]),
      );
  });

  test("brokers that go away in a batch fail what they did not store, and its repetition loses nothing", async () => {
    await put(world.store, "c", 1, 30);
    const { Records: given } = toLambdaEvent(await readRecords(["c"], 30));
    const { brokers } = inject("stack").kafka;
    await using proxy = await startTcpProxy({ target: brokers[0] ?? "" });
    await using producer = await startProducer({
      ...{ brokers, clientId: "lambda-test", drainTimeoutMs: 200 },
      socketFactory: ({ onConnect }) => createConnection({ host: "127.0.0.1", port: proxy.port }, onConnect),
    });
    const kafka = createKafkaSink(producer);
    let sends = 0;
    const sink = {
      async send(events: Parameters<typeof kafka.send>[0]) {
        if (++sends === 3) proxy.cut();
        await kafka.send(events);
      },
    };
    const handle = handlerOf({ sink, maxBatchBytes: 500, answerMarginMs: 100 });
    const answer = await handle({ Records: given }, { getRemainingTimeInMillis: () => 1_000 });
    const failedId = answer.batchItemFailures[0]?.itemIdentifier;
    const failed = given.findIndex((record: LambdaStreamRecord) => record.dynamodb?.SequenceNumber === failedId);
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(29);
    proxy.resume();
    expect(await handle({ Records: given.slice(failed) }, inTime)).toEqual({ batchItemFailures: [] });
    await until(
      () => new Set(eventsOf("c").map(({ seq }) => seq)).size === 30,
      () => eventsOf("c").length,
    );
    expect(firstSeqs(eventsOf("c")).get("c")).toEqual(oneTo(30));
  });

  test("bundled into one file it loads, connects and handles a batch", async () => {
    await put(world.store, "d", 1, 3);
    const event = toLambdaEvent(await readRecords(["d"], 3));
    const folder = await mkdtemp(join(tmpdir(), "maru-lambda-"));
    try {
      const run = promisify(execFile);
      const root = join(import.meta.dirname, "../../..");
      await run(process.execPath, [join(root, "scripts/bundle-lambda.ts"), "--out", folder]);
      await writeFile(
        join(folder, "invoke.mjs"),
        `const { handler } = await import("./index.mjs");
         const answer = await handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 30000 });
         process.stdout.write("answer " + JSON.stringify(answer), () => process.exit());`,
      );
      const { dynamodb, kafka } = inject("stack");
      const env = {
        PATH: process.env.PATH,
        ...{ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
        ...{ MARU_DYNAMODB_ENDPOINT: dynamodb.endpoint, MARU_TABLE: world.tables.tableName },
        MARU_KAFKA_BROKERS: kafka.brokers.join(","),
        MARU_KAFKA_TOPIC: world.topics.roomEvents,
        MARU_KAFKA_READ_MARKERS_TOPIC: world.topics.readMarkers,
      };
      const { stdout } = await run(process.execPath, [join(folder, "invoke.mjs")], { env });
      expect(stdout).toContain('answer {"batchItemFailures":[]}');
      expect(stdout).toContain('"message":"relayed a batch"');
    } finally {
      await rm(folder, { recursive: true });
    }
    await until(
      () => eventsOf("d").length === 3,
      () => eventsOf("d").length,
    );
    expect(firstSeqs(eventsOf("d")).get("d")).toEqual([1, 2, 3]);
  });
});

function hex(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}
