import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ensureTopic, partitionOf, startConsumer } from "@maru/kafka";
import { DeadLetterSchema, DeadLetterState, deadLetterKey, deadLettersTopic, parkedTopic } from "@maru/protocol";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { findCommand } from "../src/cli/commands.ts";
import { type EventsTopic, seqsOf, startEventsTopic } from "./events-topic.ts";

const { brokers } = inject("stack").kafka;
const main = join(import.meta.dirname, "../src/main.ts");
const deadline = { timeout: 20_000, interval: 20 };
let topic: EventsTopic;

beforeAll(async () => {
  topic = await startEventsTopic(brokers, 2);
  await topic.send([...seqsOf("a", 5), ...seqsOf("b", 2)]);
});

afterAll(() => topic[Symbol.asyncDispose]());

/** A command that runs in this process. */
function start(name: string, ...args: string[]) {
  const stop = new AbortController();
  const output = { out: "", err: "", stop };
  const run = async () => {
    const command = await findCommand(name);
    return command.run([...args, "--brokers", brokers.join(",")], {
      env: {},
      signal: stop.signal,
      print: (text) => {
        output.out += text;
      },
      note: (text) => {
        output.err += text;
      },
    });
  };
  return Object.assign(output, { done: run() });
}

test("tail prints the events that come, of the rooms that are wanted", async () => {
  const tail = start("tail", "--topic", topic.topic, "--room", "a", "--limit", "2", "--json");
  await expect.poll(() => tail.err, deadline).toContain("from now on");
  await topic.send([
    { roomId: "a", seq: 6 },
    { roomId: "b", seq: 3 },
    { roomId: "a", seq: 7 },
  ]);
  expect(await tail.done).toBe(0);
  const lines = tail.out.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { roomId: "a", seq: 6, type: "message_sent", at: { committed: expect.any(String), kafka: expect.any(String) } },
    { roomId: "a", seq: 7 },
  ]);
});

test("lag is counted from what the group has committed, by partition and room, without its consumers", async () => {
  const { group } = topic.options;
  const consumer = await startConsumer({
    brokers,
    clientId: "lag",
    groupId: group,
    topics: [topic.topic],
    fromBeginning: true,
    async onBatch(claim) {
      if (claim.partition === partitionOf("a", 2)) await claim.commit(3n);
    },
  });
  const lagOf = async () => {
    const lag = start("lag", "--topic", topic.topic, "--group", group, "--rooms", "2", "--json");
    expect(await lag.done).toBe(0);
    return JSON.parse(lag.out);
  };
  await expect
    .poll(async () => (await lagOf()).partitions.some((one: { committed?: string }) => one.committed), deadline)
    .toBe(true);
  await consumer.close();
  const { rooms, eventCount, seconds } = await lagOf();
  expect(rooms[0]).toMatchObject({ roomId: "a" });
  expect(eventCount).toBe(rooms.reduce((sum: number, one: { eventCount: number }) => sum + one.eventCount, 0));
  expect(seconds).toBeGreaterThan(0);
  const text = start("lag", "--topic", topic.topic, "--group", "nobody");
  expect(await text.done).toBe(0);
  expect(text.out).toMatch(/^partition {2}committed {2}end {2}left {2}age of the first\n/);
  expect(text.err).toContain("has committed nothing");
});

test("dead letters are listed, and tried again: what is over and what failed again is told", async () => {
  const group = `${topic.options.group}-dead`;
  const none = start("dead-letters", "list", "--group", group);
  await expect(none.done).rejects.toThrow("keeps no dead letters");

  const configs = { "cleanup.policy": "compact" };
  for (const name of [parkedTopic(group), deadLettersTopic(group)]) {
    const spec = { topic: name, partitionCount: 2, replicationFactor: 1, configs };
    await ensureTopic({ brokers, clientId: "test" }, spec);
  }
  const letterOf = (roomId: string, seq: number, state: DeadLetterState) => {
    const failedAt = timestampFromMs(Date.UTC(2026, 0, seq));
    const facts = { group, roomId, seq, state, type: "message_sent", attemptCount: 10, error: "no such user" };
    const at = { topic: topic.topic, partition: partitionOf(roomId, 2), offset: 1n };
    const times = { firstFailedAt: failedAt, lastFailedAt: failedAt };
    return toBinary(DeadLetterSchema, create(DeadLetterSchema, { ...facts, ...at, ...times }));
  };
  const keep = (roomId: string, seq: number, state: DeadLetterState | undefined) => {
    const isParked = seq === 2;
    const name = isParked ? parkedTopic(group) : deadLettersTopic(group);
    return topic.producer.send(name, {
      key: isParked ? roomId : deadLetterKey(roomId, seq),
      partition: partitionOf(roomId, 2),
      value: state === undefined ? null : letterOf(roomId, seq, state),
    });
  };
  await keep("a", 2, DeadLetterState.PARKED);
  await keep("b", 1, DeadLetterState.SKIPPED);
  await keep("b", 3, DeadLetterState.SKIPPED);
  await keep("b", 4, DeadLetterState.SKIPPED);
  await keep("b", 4, undefined);

  const list = start("dead-letters", "list", "--group", group);
  expect(await list.done).toBe(0);
  expect(list.out.split("\n").map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
    ["state", "room", "seq"],
    ["skipped", "b", expect.stringContaining("1")],
    ["parked", "a", expect.stringContaining("2")],
    ["skipped", "b", expect.stringContaining("3")],
    [""],
  ]);
  const show = start("dead-letters", "show", "--group", group, "--state", "parked");
  expect(await show.done).toBe(0);
  expect(show.out).toContain("the room waits from this event on");

  const dry = start("dead-letters", "redrive", "--group", group, "--all", "--dry-run");
  expect([await dry.done, dry.err]).toEqual([0, `3 dead letters of ${group}\n`]);
  await expect(start("dead-letters", "redrive", "--group", group).done).rejects.toThrow("--all or a filter");

  const redrive = start("dead-letters", "redrive", "--group", group, "--all", "--wait");
  await expect.poll(() => redrive.err, deadline).toContain("asked for 3");
  const asked = start("dead-letters", "list", "--group", group, "--state", "redrive-requested", "--json");
  expect(await asked.done).toBe(0);
  expect(asked.out.trim().split("\n")).toHaveLength(3);
  await keep("a", 2, undefined);
  await keep("b", 1, DeadLetterState.SKIPPED);
  await keep("b", 3, undefined);
  expect(await redrive.done).toBe(1);
  expect(redrive.err).toContain("2 of 3 are over, 1 failed again");
  expect(redrive.out).toMatch(/^failed again: b\/1 /);
});

test("the program has help, says what is wrong in one sentence with its exit code, and ends with Ctrl-C", async () => {
  const execute = (...args: string[]) =>
    spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const outcome = async (child: ReturnType<typeof execute>) => {
    const [out, err, [code]] = await Promise.all([
      Array.fromAsync(child.stdout),
      Array.fromAsync(child.stderr),
      once(child, "exit"),
    ]);
    return { out: `${Buffer.concat(out)}`, err: `${Buffer.concat(err)}`, code };
  };
  const tail = execute("tail", "--brokers", brokers.join(","), "--topic", topic.topic);
  tail.stderr.once("data", () => tail.kill("SIGINT"));
  const outcomes = [outcome(execute("--help")), outcome(execute("bake")), outcome(tail)];
  const [help, unknown, ended] = await Promise.all(outcomes);
  expect(help).toMatchObject({ out: expect.stringContaining("usage: maru-client COMMAND"), err: "", code: 0 });
  expect(unknown).toMatchObject({ err: "maru-client: bake is not a command: see maru-client --help\n", code: 2 });
  expect(ended?.code).toBe(0);
});
