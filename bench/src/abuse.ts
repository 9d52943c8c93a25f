import { join } from "node:path";
import { parseArgs } from "node:util";
import { startStack } from "@maru/devstack";
import { type AbuseOrders, type AttackResult, abuses } from "./abuse/abuse-orders.ts";
import { type MaruSide, nextEntries, openFanoutFleet, openMaruSide, residentBytes } from "./fanout/fanout-sides.ts";
import { wholeNumber } from "./measure/options.ts";
import { processReadBytes } from "./measure/process-read.ts";
import { quantile } from "./measure/quantile.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";
import { startWorker } from "./measure/worker.ts";

/** What others in a room notice of those who do not read, who flood, and who send what is far too large. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sockets: { type: "string", default: "100" },
      abusers: { type: "string", default: "10" },
      entries: { type: "string", default: "600" },
      "again-ms": { type: "string", default: "100" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const sockets = wholeNumber("--sockets", values.sockets);
  const abusers = wholeNumber("--abusers", values.abusers);
  const entries = wholeNumber("--entries", values.entries);
  const againMs = wholeNumber("--again-ms", values["again-ms"]);
  const conditions = circumstances();
  await using stack = await startStack({ dynamodb: { storage: "memory" }, kafka: { brokers: 1 }, redis: true });
  await using fleet = await openFanoutFleet(stack, sockets + abusers);
  await using maru = await openMaruSide(fleet, stack.redis?.nodes ?? []);
  await using program = startWorker<AbuseOrders>(join(import.meta.dirname, "abuse/abuser-program.ts"));
  await maru.open(sockets);
  const send = createSends(maru, sockets);
  await send(entries); // to warm up
  const memoryBefore = await residentBytes(maru.pid);
  const sides: Record<string, AbuseSide> = { nobody: await measure(maru, () => send(entries)) };
  for (const abuse of abuses) {
    await program.ask("begin", { abuse, abusers, door: maru.door, againMs });
    const side = await measure(maru, () => send(entries));
    sides[abuse] = { ...side, ...toFigures(await program.ask("end")) };
  }
  const grownBytes = (await residentBytes(maru.pid)) - memoryBefore;
  process.stdout.write(`Delay from publish to arrival at ${sockets} sockets of a room, beside ${abusers} sockets of the same room that misbehave.

${table([["beside", "p50 ms", "p99 ms", "gateway read MB", "offered MB", "closed"], ...Object.entries(sides).map(toRow)])}

The gateway took ${(grownBytes / 2 ** 20).toFixed(1)} MB more memory in the end than before.

`);
  await report(values.results, "abuse", {
    bench: "abuse",
    ...conditions,
    sockets,
    abusers,
    entries,
    again_ms: againMs,
    sides,
    grown_bytes: grownBytes,
  });
}

/** The abusers' figures are those since they came; all others are those while entries were sent. */
interface AbuseSide {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly seconds: number;
  readonly gateway_read_bytes: number;
  readonly entered?: number;
  readonly failed?: number;
  readonly refused?: number;
  readonly closes?: AttackResult["closes"];
  readonly offered_bytes?: number;
}

async function measure({ pid }: MaruSide, sendAll: () => Promise<number[]>): Promise<AbuseSide> {
  const [readBefore, beganMs] = [await processReadBytes(pid), performance.now()];
  const delaysMs = await sendAll();
  return {
    p50_ms: quantile(delaysMs, 0.5),
    p99_ms: quantile(delaysMs, 0.99),
    seconds: (performance.now() - beganMs) / 1_000,
    gateway_read_bytes: (await processReadBytes(pid)) - readBefore,
  };
}

function toFigures({ entered, failed, closes, offeredBytes }: AttackResult) {
  const refused = Object.values(closes).reduce((sum, count) => sum + count, 0);
  return { entered, failed, refused, closes, offered_bytes: offeredBytes };
}

function toRow([name, { p50_ms, p99_ms, gateway_read_bytes, offered_bytes = 0, closes = {} }]: [string, AbuseSide]) {
  const counts = Object.entries(closes).map(([code, count]) => `${count} × ${code}`);
  const [readMB, offeredMB] = [gateway_read_bytes, offered_bytes].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  return [name, p50_ms.toFixed(1), p99_ms.toFixed(1), readMB ?? "", offeredMB ?? "", counts.join(", ")];
}

/** So many that what a slow reader leaves unread soon is more than kernels hold for it. */
const textChars = 12_000;

/** Entries one after the other, each when the one before has arrived everywhere. */
function createSends(side: MaruSide, sockets: number): (count: number) => Promise<number[]> {
  let seq = 1;
  return async (count) => {
    const delaysMs: number[] = [];
    for (let n = 0; n < count; n++) {
      const entries = nextEntries(side.door.roomId, seq++, 1, textChars);
      const target = side.counter.payloadBytes + sockets * side.bytesOf(entries);
      const sentMs = performance.now();
      const arrived = new Promise<void>((resolve) => {
        side.counter.onRead = () => {
          delaysMs.push(performance.now() - sentMs);
          if (side.counter.payloadBytes >= target) resolve();
        };
      });
      await side.send(entries);
      await arrived;
    }
    side.counter.onRead = undefined;
    return delaysMs;
  };
}
