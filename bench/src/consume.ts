import { join } from "node:path";
import { parseArgs } from "node:util";
import { scratchName, startStack } from "@maru/devstack";
import { fillTopic } from "./consume/fill-topic.ts";
import type { Consumed, SideOrders } from "./consume/side-orders.ts";
import { type ConsumePlan, summarizeSide } from "./consume/summary.ts";
import { wholeNumber } from "./measure/options.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";
import { startWorker } from "./measure/worker.ts";

const targetRatio = 0.7;
const sideNames = ["raw", "maru"] as const;
type SideName = (typeof sideNames)[number];

/** Events per second through the typed consumer, against a kafkajs consumer that only counts. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: "string", default: "200000" },
      rooms: { type: "string", default: "500" },
      rounds: { type: "string", default: "5" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const events = wholeNumber("--events", values.events);
  const rooms = wholeNumber("--rooms", values.rooms);
  const rounds = wholeNumber("--rounds", values.rounds);
  const conditions = { ...circumstances(), events, rooms, rounds };
  const measured = await measure({ events, rooms, rounds });
  const [raw, maru] = [summarizeSide(measured.raw, events), summarizeSide(measured.maru, events)];
  const ratio = maru.per_second / raw.per_second;
  const rows = sideNames.map((name) => {
    const side = name === "raw" ? raw : maru;
    const each = side.rounds_per_second.map((rate) => rate.toFixed(0)).join(" ");
    return [name, side.per_second.toFixed(0), side.cpu_us_per_event.toFixed(1), each];
  });
  process.stdout.write(`Events per second of a topic with ${events} events in ${rooms} rooms, rounds alternating, a new group each time, joining
it not counted. raw: kafkajs, eachBatch, counts. maru: subscribe, decodes, looks for repeats and holes, handles, commits.

${table([["", "events/s", "µs CPU", "each round"], ...rows])}

Ratio ${ratio.toFixed(2)}, target ${targetRatio}: ${ratio >= targetRatio ? "met" : "missed"}.

`);
  await report(values.results, "consume", {
    bench: "consume",
    ...conditions,
    raw,
    maru,
    ratio,
    target_ratio: targetRatio,
  });
}

/** A round of each side that does not count: the compilers take so long. */
const warmUpRounds = 1;

async function measure({ events, rooms, rounds }: ConsumePlan): Promise<Record<SideName, Consumed[]>> {
  await using world = new AsyncDisposableStack();
  const { kafka } = world.use(await startStack({ kafka: { brokers: 1 } }));
  if (kafka === undefined) throw new Error("the stack has no Kafka");
  const { brokers } = kafka;
  const topic = scratchName("consume");
  await fillTopic({ brokers: [...brokers], clientId: "bench" }, { topic, events, rooms, partitions: 12 });
  const start = (file: string) => world.use(startWorker<SideOrders>(join(import.meta.dirname, "consume", file)));
  const workers = { raw: start("raw-side.ts"), maru: start("maru-side.ts") };
  const measured: Record<SideName, Consumed[]> = { raw: [], maru: [] };
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const name of sideNames) {
      const group = scratchName(`consume-${name}`);
      const consumed = await workers[name].ask("consume", { brokers, topic, group, count: events });
      if (round >= warmUpRounds) measured[name].push(consumed);
    }
  }
  return measured;
}
