import { join } from "node:path";
import { parseArgs } from "node:util";
import { scratchName, startStack } from "@maru/devstack";
import { openFleet } from "@maru/devstack/servers";
import { ensureTopic } from "@maru/kafka";
import type { SideOrders } from "./e2e/side-orders.ts";
import { wholeNumber } from "./measure/options.ts";
import { median, quantile } from "./measure/quantile.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";
import { nodeFlags, startWorker } from "./measure/worker.ts";

const sideNames = ["raw", "maru"] as const;
type SideName = (typeof sideNames)[number];

interface E2ePlan {
  readonly perSecond: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly rooms: number;
}

/** From send to handler, against a put, a record and a consumer that nothing ties together. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "per-second": { type: "string", default: "200" },
      seconds: { type: "string", default: "20" },
      rounds: { type: "string", default: "3" },
      rooms: { type: "string", default: "50" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const plan = {
    perSecond: wholeNumber("--per-second", values["per-second"]),
    seconds: wholeNumber("--seconds", values.seconds),
    rounds: wholeNumber("--rounds", values.rounds),
    rooms: wholeNumber("--rooms", values.rooms),
  };
  const conditions = { ...circumstances(), ...plan };
  const measured = await measure(plan);
  const raw = summarize(measured.raw);
  const maru = summarize(measured.maru);
  const row = (name: string, { p50_ms, p99_ms, rounds_p50_ms }: typeof raw) => [
    name,
    p50_ms.toFixed(1),
    p99_ms.toFixed(1),
    rounds_p50_ms.map((ms) => ms.toFixed(1)).join(" "),
  ];
  process.stdout.write(`From send to handler at ${plan.perSecond} messages a second for ${plan.seconds} s, rounds alternating.
raw: a put, then a record, then a consumer, one process, nothing ties the put to the record.
maru: @maru/client, server, the table's stream, relay, subscribe.

${table([["", "p50 ms", "p99 ms", "p50 of each round"], row("raw", raw), row("maru", maru)])}

Difference: p50 ${(maru.p50_ms - raw.p50_ms).toFixed(1)} ms, p99 ${(maru.p99_ms - raw.p99_ms).toFixed(1)} ms. It is the way over the server, and the stream: the relay asks a shard
again after a pause that grows to ${pollMs} ms while nothing comes, and a batch of events goes out when the one before is acknowledged.

`);
  const difference = { p50_ms: maru.p50_ms - raw.p50_ms, p99_ms: maru.p99_ms - raw.p99_ms };
  await report(values.results, "e2e", {
    bench: "e2e",
    ...conditions,
    relay_poll_ms: pollMs,
    raw,
    maru,
    difference,
    ratio_p50: maru.p50_ms / raw.p50_ms,
  });
}

/** As a relay comes. */
const pollMs = 100;
const warmUpSeconds = 3;

async function measure(plan: E2ePlan): Promise<Record<SideName, number[][]>> {
  await using world = new AsyncDisposableStack();
  const { dynamodb, kafka } = world.use(await startStack({ dynamodb: { storage: "memory" }, kafka: { brokers: 1 } }));
  if (dynamodb === undefined || kafka === undefined) throw new Error("the stack lacks an engine");
  const { brokers } = kafka;
  const env = {
    MARU_ROLES: "api",
    MARU_TABLE: scratchName("e2e"),
    MARU_CONTROL_TABLE: scratchName("e2e-control"),
    MARU_KAFKA_TOPIC: scratchName("e2e-events"),
    MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("e2e-markers"),
    MARU_KAFKA_RELAY_DEAD_LETTERS_TOPIC: scratchName("relay-dead-letters"),
    NODE_OPTIONS: nodeFlags.join(" "),
  };
  const fleet = world.use(await openFleet({ dynamodbEndpoint: dynamodb.endpoint, brokers, env }));
  await fleet.setUp();
  const server = await fleet.startServer({ name: "api" });
  await fleet.startServer({ name: "relay", env: { MARU_ROLES: "relay", MARU_RELAY_POLL_MS: String(pollMs) } });
  const token = await fleet.token("bench");
  const start = (file: string) =>
    world.use(startWorker<SideOrders>(join(import.meta.dirname, "e2e", file), { ...fleet.env, NODE_OPTIONS: "" }));
  const workers = { raw: start("raw-side.ts"), maru: start("maru-side.ts") };
  const rawTopic = scratchName("e2e-raw");
  await ensureTopic(
    { brokers: [...brokers], clientId: "bench" },
    { topic: rawTopic, partitionCount: 12, replicationFactor: 1 },
  );
  const topics = { raw: rawTopic, maru: env.MARU_KAFKA_TOPIC };
  const measured: Record<SideName, number[][]> = { raw: [], maru: [] };
  for (let round = 0; round < plan.rounds; round++) {
    for (const name of sideNames) {
      const { delaysMs } = await workers[name].ask("run", {
        address: server.grpcAddress,
        token,
        brokers,
        topic: topics[name],
        group: scratchName(`e2e-${name}`),
        // The raw side's puts make records in the stream that the relay reads, too: it has a table without one.
        tableName: fleet.env.MARU_CONTROL_TABLE ?? "",
        perSecond: plan.perSecond,
        warmUp: plan.perSecond * warmUpSeconds,
        messages: plan.perSecond * plan.seconds,
        rooms: plan.rooms,
      });
      measured[name].push([...delaysMs]);
    }
  }
  return measured;
}

function summarize(rounds: readonly (readonly number[])[]) {
  return {
    p50_ms: median(rounds.map((delays) => quantile(delays, 0.5))),
    p99_ms: median(rounds.map((delays) => quantile(delays, 0.99))),
    rounds_p50_ms: rounds.map((delays) => quantile(delays, 0.5)),
    rounds_p99_ms: rounds.map((delays) => quantile(delays, 0.99)),
  };
}
