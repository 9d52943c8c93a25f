import { createConnection } from "node:net";
import { startTcpProxy } from "@maru/devstack";
import { startProducer } from "@maru/kafka";
import { expect, inject, test } from "vitest";
import type { Log } from "../src/log.ts";
import { createKafkaSink } from "../src/relay/kafka-sink.ts";
import { createTableStream, type TableStream } from "../src/relay/table-stream.ts";
import { toChange } from "../src/store/to-change.ts";
import { createRelayWorld, firstSeqs, oneTo, put, until } from "./relay-world.ts";

/** A log whose lines can be read. */
function notingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const note = (_fields: unknown, line?: string) => void lines.push(line ?? String(_fields));
  const log = { info: note, warn: note, error: note, child: () => log } as unknown as Log;
  return { log, lines };
}

test("brokers that swallow what is sent to them are told in log, metric and readiness, and then it goes on", async () => {
  await using world = await createRelayWorld(inject("stack").dynamodb.endpoint);
  let swallows = false;
  const { brokers } = inject("stack").kafka;
  await using proxy = await startTcpProxy({
    target: brokers[0] ?? "",
    onChunk: (chunk, { from }) => (swallows && from === "upstream" ? Buffer.alloc(0) : chunk),
  });
  await using producer = await startProducer({
    brokers,
    clientId: "relay-test",
    drainTimeoutMs: 1_000,
    socketFactory: ({ onConnect }) => createConnection({ host: "127.0.0.1", port: proxy.port }, onConnect),
  });
  const { log, lines } = notingLog();
  const { relay, metric } = world.start({ sink: createKafkaSink(producer), stalledAfterMs: 1_000, log });
  await put(world.store, "a", 1, 3);
  await until(
    () => world.events.length === 3,
    () => world.events.length,
  );
  expect(relay.ready()).toEqual({ ready: true });
  swallows = true;
  await put(world.store, "a", 4, 6);
  const why = "the brokers have not acknowledged what was sent to them";
  await until(
    () => lines.some((line) => line.includes(`the relay stands still: ${why}`)),
    () => lines,
  );
  expect(relay.ready()).toMatchObject({ ready: false, why: expect.stringContaining(why) });
  expect(await metric("maru_relay_stalled_shards")).toBe(1);
  swallows = false;
  await until(
    () => new Set(world.events.map(({ seq }) => seq)).size === 6 && relay.ready().ready,
    () => relay.ready(),
  );
  expect(firstSeqs(world.events).get("a")).toEqual(oneTo(6));
  expect(await metric("maru_relay_stalled_shards")).toBe(0);
  expect(lines).toContain("the relay goes on with a shard");
});

test("a stream that does not answer is told, too", async () => {
  await using world = await createRelayWorld(inject("stack").dynamodb.endpoint);
  const answers = Promise.withResolvers<void>();
  const stream = createTableStream({ ...world.tables, toChange });
  const hanging: TableStream = {
    ...stream,
    async *read(from, signal) {
      await answers.promise;
      yield* stream.read(from, signal);
    },
  };
  const { relay, metric } = world.start({ stream: hanging, stalledAfterMs: 500 });
  await put(world.store, "a", 1, 3);
  await until(
    () => !relay.ready().ready && JSON.stringify(relay.ready()).includes("has not answered"),
    () => relay.ready(),
  );
  expect(await metric("maru_relay_stalled_shards")).toBe(1);
  answers.resolve();
  await until(
    () => world.events.length === 3 && relay.ready().ready,
    () => relay.ready(),
  );
});
