import { describe, expect, test } from "vitest";
import { openRelaySink } from "../src/commands/relay-sink.ts";
import { readConfig } from "../src/config.ts";
import { createLog } from "../src/log.ts";
import { createForwardSink, type ForwardSinkOptions } from "../src/relay/forward-sink.ts";
import { ShardBlockedError } from "../src/relay/shard-blocked.ts";
import { type ForwardAgentOptions, startForwardAgent } from "./forward-agent.ts";
import { until } from "./relay-world.ts";
import { numbered, numbersOf, type SinkPlace, sinkContract, startSinkProxy } from "./sink-contract.ts";

async function openPlace(options: Partial<ForwardSinkOptions> & ForwardAgentOptions = {}) {
  await using opening = new AsyncDisposableStack();
  const agent = opening.use(await startForwardAgent(options));
  const answers = { lost: false };
  const proxy = opening.use(await startSinkProxy(agent.address, answers));
  const retries: unknown[] = [];
  const sink = opening.use(
    createForwardSink({
      address: { host: "127.0.0.1", port: proxy.port },
      onRetry: (error) => retries.push(error),
      ...options,
    }),
  );
  opening.defer(() => expect(agent.violations).toEqual([]));
  const opened = opening.move();
  const place: SinkPlace & { agent: typeof agent; retries: unknown[]; sink: typeof sink } = {
    sink,
    topic: "room-events",
    proxy,
    answers,
    closeSink: async () => {
      await sink[Symbol.asyncDispose]();
    },
    stored: async () => agent.events,
    agent,
    retries,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
  return place;
}

describe("the sink to an agent of the forward protocol", () => {
  sinkContract(openPlace);

  test("many events go in one chunk, a chunk ends at its bound, and each has an id of its own", async () => {
    await using place = await openPlace({ maxChunkBytes: 1_000 });
    await place.sink.send(Array.from({ length: 100 }, (_, n) => numbered(place.topic, "a", n)));
    const sizes = place.agent.chunks.map(({ size }) => size);
    expect(sizes.length).toBeLessThan(30);
    expect(new Set(sizes.slice(0, -1)).size).toBe(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
    expect(new Set(place.agent.chunks.map(({ chunkId }) => chunkId)).size).toBe(sizes.length);
    expect(new Set(place.agent.chunks.map(({ tag }) => tag))).toEqual(new Set(["maru"]));
  });

  test("a chunk whose acknowledgement was lost is sent again with the same id", async () => {
    await using place = await openPlace();
    place.answers.lost = true;
    const sending = place.sink.send([numbered(place.topic, "a", 0)]);
    await until(
      () => place.agent.chunks.length === 1,
      () => place.agent.chunks,
    );
    place.proxy.cut();
    place.answers.lost = false;
    place.proxy.resume();
    await sending;
    const [first, again] = place.agent.chunks;
    expect(again?.chunkId).toBe(first?.chunkId);
    expect(place.retries.length).toBeGreaterThan(0);
  });

  test("an agent that does not answer in time is asked again over another connection", async () => {
    await using place = await openPlace({ ackTimeoutMs: 50 });
    place.answers.lost = true;
    const sending = place.sink.send([numbered(place.topic, "a", 0)]);
    await until(
      () => place.agent.chunks.length >= 2,
      () => place.agent.chunks,
    );
    place.answers.lost = false;
    await sending;
    expect(new Set(numbersOf(place.agent.events, "a"))).toEqual(new Set([0]));
    expect(String(place.retries[0])).toContain("did not answer within 50 ms");
  });

  test("no more is held than allowed, however much is sent", async () => {
    await using place = await openPlace({ maxPendingBytes: 2_000 });
    place.proxy.cut();
    const sends = Array.from({ length: 200 }, (_, n) => place.sink.send([numbered(place.topic, "a", n)]));
    await until(
      () => place.retries.length >= 2,
      () => place.agent.chunks,
    );
    expect(place.sink.pendingBytes).toBeGreaterThan(1_000);
    expect(place.sink.pendingBytes).toBeLessThanOrEqual(2_000);
    place.proxy.resume();
    await Promise.all(sends);
    expect(place.sink.pendingBytes).toBe(0);
    expect(numbersOf(place.agent.events, "a")).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  test("a sink is closed at once while it waits for an answer", async () => {
    await using place = await openPlace({ ackTimeoutMs: 3_600_000 });
    place.answers.lost = true;
    const rejected = expect(place.sink.send([numbered(place.topic, "a", 0)])).rejects.toThrow("closed");
    await until(
      () => place.agent.chunks.length === 1,
      () => place.agent.chunks,
    );
    await place.closeSink();
    await rejected;
  });

  test("the relay's settings choose it", async () => {
    await using agent = await startForwardAgent();
    const env = { MARU_ROLES: "relay", MARU_RELAY_SINK: "forward", MARU_RELAY_FORWARD_ADDRESS: agent.address };
    await using opened = await openRelaySink(readConfig(env), createLog("silent"));
    await opened.sink.send([numbered("events", "a", 0)]);
    expect(numbersOf(agent.events, "a")).toEqual([0]);
  });

  test("an event that could never be held is refused, and so is an agent that asks for a key", async () => {
    await using small = await openPlace({ maxPendingBytes: 50 });
    await expect(small.sink.send([numbered(small.topic, "a", 0)])).rejects.toThrow(ShardBlockedError);
    await using locked = await openPlace({ greets: true });
    await expect(locked.sink.send([numbered(locked.topic, "a", 0)])).rejects.toMatchObject({
      why: "refused_by_agent",
      message: expect.stringContaining("Shared_Key"),
    });
  });
});
