import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scratchName } from "@maru/devstack";
import { type ConsumedRecord, ensureTopic, partitionOf, readPartitions, topicOffsets } from "@maru/kafka";
import { describe, expect, inject, test } from "vitest";
import { createForwardSink } from "../src/relay/forward-sink.ts";
import { until } from "./relay-world.ts";
import { numbered } from "./sink-contract.ts";

const sample = join(import.meta.dirname, "../../../docs/fluent-bit/fluent-bit.conf");
/** The agent itself. No package registry has it, so these tests have a run of their own, which fails without it. */
const agentPath = process.env.FLUENT_BIT;
if (agentPath === undefined) throw new Error("FLUENT_BIT must name the program of Fluent Bit");

interface AgentPlan {
  readonly brokers: readonly string[];
  readonly topics: readonly string[];
  readonly port: number;
  readonly folder: string;
}

async function startAgent({ brokers, topics, port, folder }: AgentPlan) {
  const text = (await readFile(sample, "utf8"))
    .replace("127.0.0.1:9092", brokers.join(","))
    .replace(/^( *topics +).*$/m, `$1${topics.join(",")}`)
    .replace("24224", String(port))
    .replace("/var/lib/fluent-bit/maru", join(folder, "storage"));
  await writeFile(join(folder, "agent.conf"), text);
  const agent = spawn(agentPath ?? "", ["-c", join(folder, "agent.conf")], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [agent.stdout, agent.stderr]) stream.on("data", (data) => (said += data));
  return {
    said: () => said,
    async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM") {
      agent.kill(signal);
      if (agent.exitCode === null && agent.signalCode === null) await once(agent, "exit");
    },
  };
}

describe("with the Fluent Bit agent of the variable FLUENT_BIT", () => {
  test("the sample configuration writes the same bytes under the same key to the same partition, in order", async () => {
    const { brokers } = inject("stack").kafka;
    const connection = { brokers, clientId: "agent-test" };
    const topics = [scratchName("events"), scratchName("markers")];
    for (const topic of topics) await ensureTopic(connection, { topic, partitionCount: 4, replicationFactor: 1 });
    const folder = await mkdtemp(join(tmpdir(), "maru-agent-"));
    const port = await freePort();
    const agent = await startAgent({ brokers, topics, port, folder });
    const retries: unknown[] = [];
    await using sink = createForwardSink({
      address: { host: "127.0.0.1", port },
      onRetry: (error) => retries.push(error),
    });
    const rooms = ["a", "b", "c", "room-é"];
    try {
      for (let n = 0; n < 50; n++)
        await sink.send(topics.flatMap((topic) => rooms.map((room) => numbered(topic, room, n))));
      for (const topic of topics) {
        await until(
          async () => (await countOf(connection, topic)) >= 200,
          () => agent.said().slice(-2_000),
        );
        const records = await read(connection, topic);
        for (const room of rooms) {
          const ofRoom = records.filter(({ key }) => Buffer.from(key ?? []).toString() === room);
          expect(ofRoom.map(({ value }) => [...(value ?? [])])).toEqual(
            Array.from({ length: 50 }, (_, n) => [...numbered(topic, room, n).value]),
          );
          expect(new Set(ofRoom.map(({ partition }) => partition))).toEqual(new Set([partitionOf(room, 4)]));
        }
        // The agent's output to Kafka has no headers.
        expect(new Set(records.map(({ headers }) => JSON.stringify(headers)))).toEqual(new Set(["{}"]));
      }
    } finally {
      await agent.stop();
      await rm(folder, { recursive: true });
    }
  });

  test("what it has acknowledged and the brokers have not is gone with its process, in spite of its files", async () => {
    const folder = await mkdtemp(join(tmpdir(), "maru-agent-"));
    const port = await freePort();
    // Nobody listens where it looks for brokers.
    const agent = await startAgent({ brokers: [`127.0.0.1:${await freePort()}`], topics: ["events"], port, folder });
    await using sink = createForwardSink({ address: { host: "127.0.0.1", port } });
    try {
      await sink.send([numbered("events", "a", 0)]);
      const chunks = async () => {
        const files = await readdir(join(folder, "storage"), { recursive: true });
        return files.filter((file) => file.endsWith(".flb"));
      };
      await until(
        async () => (await chunks()).length === 0,
        () => agent.said().slice(-2_000),
      );
      expect(agent.said()).not.toContain("message delivered");
    } finally {
      await agent.stop("SIGKILL");
      await rm(folder, { recursive: true });
    }
  });
});

async function read(connection: { brokers: string[]; clientId: string }, topic: string): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  const partitions = (await topicOffsets(connection, topic)).map(({ partition }) => partition);
  await readPartitions(connection, { topic, partitions }, (read) => void records.push(...read));
  return records;
}

async function countOf(connection: { brokers: string[]; clientId: string }, topic: string): Promise<number> {
  const offsets = await topicOffsets(connection, topic);
  return offsets.reduce((sum, { highOffset }) => sum + Number(highOffset), 0);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
