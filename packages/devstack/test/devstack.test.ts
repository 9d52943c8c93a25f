import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  EngineStartError,
  ForeignEngineError,
  MissingToolError,
  type Stack,
  scratchName,
  startStack,
} from "../src/index.ts";
import { clusterState } from "../src/kafka/cluster-state.ts";
import { isAlive } from "../src/processes/is-alive.ts";
import { redisCommand } from "../src/redis/redis-command.ts";
import { waitUntil } from "../src/wait-until.ts";
import { createTopic } from "./create-topic.ts";
import { createStreamedTable, dynamodbCall } from "./dynamodb-call.ts";

const TIMEOUT_MS = 60_000;
const portOf = (address: string | undefined): number => Number(address?.split(":")[1]);
const env = withoutAddresses(process.env);
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "devstack-test-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe("a stack with every engine at its largest", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({
      dynamodb: true,
      kafka: { brokers: 3 },
      redis: { masters: 3, replicas: 1 },
      env,
    });
  }, TIMEOUT_MS);
  afterAll(() => stack?.close(), TIMEOUT_MS);

  test("listens on a different loopback port for each node", () => {
    const addresses = [...(stack.kafka?.brokers ?? []), ...(stack.redis?.nodes ?? [])];
    expect(addresses).toHaveLength(9);
    expect(new Set(addresses).size).toBe(9);
    for (const address of addresses) expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(stack.dynamodb?.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test("rolling the shards closes the open one and gives it a child", async () => {
    const endpoint = stack.dynamodb?.endpoint ?? "";
    const StreamArn = await createStreamedTable(endpoint, scratchName("rolled"));
    await stack.dynamodb?.rollShards();
    type Shards = { StreamDescription: { Shards: { ShardId: string; ParentShardId?: string }[] } };
    const { StreamDescription } = await dynamodbCall<Shards>(endpoint, "DescribeStream", { StreamArn });
    const parent = StreamDescription.Shards.find((shard) => shard.ParentShardId === undefined);
    const child = StreamDescription.Shards.find((shard) => shard.ParentShardId !== undefined);
    expect(child?.ParentShardId).toBe(parent?.ShardId);
  });

  test("three brokers are one cluster, which takes back a killed one", { timeout: TIMEOUT_MS }, async () => {
    const ports = stack.kafka?.brokers.map(portOf) ?? [];
    for (const port of ports) expect((await clusterState(port)).brokerIds.toSorted()).toEqual([1, 2, 3]);
    const topic = scratchName("replicated");
    await createTopic(portOf(stack.kafka?.brokers[0]), topic, 3, 3);

    const victim = stack.kafka?.node(2);
    await victim?.kill("SIGKILL");
    expect(victim?.pid).toBeUndefined();
    await waitUntil(async () => (await clusterState(ports[0] ?? 0)).brokerIds.length === 2, {
      timeoutMs: 20_000,
      describe: () => "The killed broker stayed in the cluster.",
    });
    await victim?.start();
    await victim?.waitUntilHealthy();
    const { partitions } = await clusterState(ports[1] ?? 0);
    const inSync = partitions.filter((p) => p.topic === topic).map((p) => p.inSync.toSorted());
    expect(inSync).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test("three Redis masters with replicas cover all slots", async () => {
    for (const address of stack.redis?.nodes ?? []) {
      const info = await redisCommand(portOf(address), "CLUSTER INFO");
      expect(info).toContain("cluster_state:ok");
      expect(info).toContain("cluster_slots_assigned:16384");
    }
  });

  test("a node that does not exist is a range error", () => {
    expect(() => stack.kafka?.node(4)).toThrow(RangeError);
  });
});

test("a cluster of one Redis node sets and gets, with no other engine started", { timeout: TIMEOUT_MS }, async () => {
  await using stack = await startStack({ redis: true, env });
  expect(stack.kafka).toBeUndefined();
  const port = portOf(stack.redis?.nodes[0]);
  expect(await redisCommand(port, "SET greeting hello")).toBe("+OK");
  expect(await redisCommand(port, "GET greeting")).toContain("hello");
});

test("with persist, tables, topics and the cluster's id outlive a restart", { timeout: TIMEOUT_MS }, async () => {
  const options = { dynamodb: true, kafka: true, persist: true, dataDir: join(scratch, "kept"), env };
  const topic = scratchName("kept");
  let clusterId: string;
  {
    await using first = await startStack(options);
    await createStreamedTable(first.dynamodb?.endpoint ?? "", topic);
    await createTopic(portOf(first.kafka?.brokers[0]), topic, 2, 1);
    ({ clusterId } = await clusterState(portOf(first.kafka?.brokers[0])));
    await expect(startStack(options)).rejects.toThrow(`is in use by process ${process.pid}`);
  }
  await expect(startStack({ ...options, kafka: { brokers: 3 } })).rejects.toThrow("1 Kafka broker(s), not of 3");
  await using second = await startStack(options);
  const tables = await dynamodbCall<{ TableNames: string[] }>(second.dynamodb?.endpoint ?? "", "ListTables", {});
  const state = await clusterState(portOf(second.kafka?.brokers[0]));
  expect(tables.TableNames).toEqual([topic]);
  expect(state.clusterId).toBe(clusterId);
  expect(state.partitions.map((p) => [p.topic, p.partition, p.leader])).toEqual([
    [topic, 0, 1],
    [topic, 1, 1],
  ]);
});

test("SIGKILL of the program leaves no process and no folder behind", { timeout: TIMEOUT_MS }, async () => {
  const holder = holdStack("kafka");
  const { pids, folder } = await nextLine<{ pids: number[]; folder: string }>(holder);
  expect(pids).toHaveLength(3);
  expect(pids.every(isAlive)).toBe(true);
  holder.kill("SIGKILL");
  await waitUntil(() => !pids.some(isAlive) && !existsSync(folder), {
    timeoutMs: 15_000,
    describe: () => `Left behind: ${pids.filter(isAlive)} ${existsSync(folder) ? folder : ""}`,
  });
});

test("Ctrl-C leaves the engines to the program, which drains before it closes them", {
  timeout: TIMEOUT_MS,
}, async () => {
  const holder = holdStack("no kafka");
  const { pids } = await nextLine<{ pids: number[] }>(holder);
  process.kill(-(holder.pid ?? 0), "SIGINT"); // to the whole group, as a terminal does
  expect(await nextLine(holder)).toEqual({ servedWhileDraining: true });
  expect(pids.some(isAlive)).toBe(false);
});

test("an engine named by the environment is used and not started", async () => {
  await using server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  await using stack = await startStack({
    dynamodb: true,
    kafka: { brokers: 3 },
    redis: true,
    env: {
      MARU_DYNAMODB_ENDPOINT: `http://127.0.0.1:${port}`,
      MARU_KAFKA_BROKERS: `127.0.0.1:${port}, 127.0.0.1:9`,
      MARU_REDIS_NODES: `127.0.0.1:${port}`,
    },
  });
  expect(stack.folder).toBeUndefined();
  expect(stack.dynamodb).toMatchObject({ endpoint: `http://127.0.0.1:${port}`, owned: false });
  expect(stack.kafka).toMatchObject({ brokers: [`127.0.0.1:${port}`, "127.0.0.1:9"], owned: false });
  expect(stack.redis).toMatchObject({ nodes: [`127.0.0.1:${port}`], owned: false });
  await expect(stack.dynamodb?.rollShards()).rejects.toThrow(ForeignEngineError);
  expect(() => stack.kafka?.node(1)).toThrow(ForeignEngineError);
});

test("an address of the environment that nobody answers at is refused", async () => {
  const started = startStack({ kafka: true, env: { MARU_KAFKA_BROKERS: "127.0.0.1:9" } });
  await expect(started).rejects.toThrow("Nothing answers at 127.0.0.1:9, which MARU_KAFKA_BROKERS names.");
});

test("a machine without Java gets one sentence that says what to install", async () => {
  const started = startStack({ dynamodb: true, env: { PATH: join(scratch, "empty") } });
  await expect(started).rejects.toThrow(MissingToolError);
  await expect(started).rejects.toThrow(/^A JDK of version 17 or newer is needed .*install one.*JAVA_HOME set\.$/);
});

test("a machine without Maven gets one sentence that says what to install", async () => {
  const started = startStack({
    redis: true,
    env: { PATH: join(scratch, "empty"), MARU_CACHE_DIR: join(scratch, "cache") },
  });
  await expect(started).rejects.toThrow(MissingToolError);
  await expect(started).rejects.toThrow(/^Maven is needed once, .*install it.*on the PATH\.$/);
});

test("an engine that ends while starting shows the end of its log and where the log is", {
  timeout: TIMEOUT_MS,
}, async () => {
  const dataDir = join(scratch, "spoilt");
  await mkdir(join(dataDir, "kafka", "data-1"), { recursive: true });
  await writeFile(join(dataDir, "kafka", "data-1", "meta.properties"), "version=99\n");
  const started = startStack({ kafka: true, persist: true, dataDir, env });
  await expect(started).rejects.toThrow(EngineStartError);
  await expect(started).rejects.toThrow(
    new RegExp(`kafka-1 ended with code .*${join(dataDir, "kafka", "kafka-1.log")}:\n.*99`, "s"),
  );
});

function holdStack(kafka: string): ChildProcess {
  const program = join(import.meta.dirname, "programs", "stack-holder.ts");
  return spawn(process.execPath, [program, kafka], { env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
}

async function nextLine<T>(child: ChildProcess): Promise<T> {
  if (child.stdout === null) throw new Error("The program has no output to read.");
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return JSON.parse(line) as T;
}

function withoutAddresses(all: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { MARU_DYNAMODB_ENDPOINT: _d, MARU_KAFKA_BROKERS: _k, MARU_REDIS_NODES: _r, NODE_OPTIONS: _n, ...rest } = all;
  return rest;
}
