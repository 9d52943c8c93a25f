import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startStack } from "@maru/devstack";
import {
  type FanoutSide,
  nextEntries,
  openBareSide,
  openFanoutFleet,
  openMaruSide,
  residentBytes,
} from "./fanout/fanout-sides.ts";
import { wholeNumber } from "./measure/options.ts";
import { processCpuMicros } from "./measure/process-cpu.ts";
import { median, quantile } from "./measure/quantile.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";

const targets = { single: 0.9, burst: 3, idleBytes: 12 * 1024 } as const;
const burst = 8;

interface Measured {
  readonly cpuMicros: number;
  readonly messagesPerFrame: number;
  readonly delaysMs: readonly number[];
}

/** To many sockets of one room: the gateway against bare sends of the same bytes. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sockets: { type: "string", default: "4000,1000" },
      ticks: { type: "string", default: "40" },
      rounds: { type: "string", default: "5" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const sizes = values.sockets.split(",").map((size) => wholeNumber("--sockets", size));
  const ticks = wholeNumber("--ticks", values.ticks);
  const rounds = wholeNumber("--rounds", values.rounds);
  const conditions = circumstances();
  await using stack = await startStack({ dynamodb: { storage: "memory" }, kafka: { brokers: 1 }, redis: true });
  await using fleet = await openFanoutFleet(stack, Math.max(...sizes));
  await using bare = await openBareSide(fleet);
  await using maru = await openMaruSide(fleet, stack.redis?.nodes ?? []);
  const sender = createSender(maru.door.roomId);
  const results = [];
  for (const [index, sockets] of sizes.entries()) {
    // Sockets that come later take what earlier ones have left.
    results.push(await measure([bare, maru], sockets, { ticks, rounds, sender, weighs: index === 0 }));
  }
  const text = results.flatMap(({ sockets, single, burst, idle_bytes_per_socket: idle }) => [
    [
      `${sockets}, one a tick`,
      us(single.bare),
      us(single.maru),
      single.ratio.toFixed(2),
      single.messages_per_frame.toFixed(1),
      `${single.p50_ms.toFixed(1)}, ${single.p99_ms.toFixed(1)}`,
      "",
    ],
    [
      `${sockets}, bursts of 8`,
      us(burst.bare),
      us(burst.maru),
      burst.ratio.toFixed(2),
      burst.messages_per_frame.toFixed(1),
      `${burst.p50_ms.toFixed(1)}, ${burst.p99_ms.toFixed(1)}`,
      idle === undefined ? "" : (idle / 1024).toFixed(1),
    ],
  ]);
  process.stdout.write(`CPU of the sending process for one entry to one socket, in µs; delay from publish to arrival at a socket.

${table([["sockets", "bare ws", "gateway", "ratio", "entries a frame", "p50, p99 ms", "KB idle"], ...text])}

Targets: ${targets.single} at one message a tick, ${targets.burst} in bursts of ${burst}; ${targets.idleBytes / 1024} KB for an idle socket beyond the bare one.

`);
  await report(values.results, "fanout", { bench: "fanout", ...conditions, ticks, rounds, targets, results });
}

const us = (micros: number) => micros.toFixed(2);

interface Sender {
  next(count: number): ReturnType<typeof nextEntries>;
}

/** One row of numbers for the whole run: to the gateway it is one room. */
function createSender(roomId: string): Sender {
  let seq = 1;
  return {
    next(count) {
      const entries = nextEntries(roomId, seq, count);
      seq += count;
      return entries;
    },
  };
}

async function measure(
  sides: readonly [FanoutSide, FanoutSide],
  sockets: number,
  options: { readonly ticks: number; readonly rounds: number; readonly sender: Sender; readonly weighs: boolean },
) {
  const idle: number[] = [];
  for (const side of sides) {
    const before = await settledBytes(side.pid);
    await side.open(sockets);
    idle.push(((await settledBytes(side.pid)) - before) / sockets);
  }
  const [single, bursts] = [await compare(sides, sockets, 1, options), await compare(sides, sockets, burst, options)];
  for (const side of sides) side.closeAll();
  const [bareIdle = 0, maruIdle = 0] = idle;
  const weighed = options.weighs ? { idle_bytes_per_socket: maruIdle - bareIdle, bare_idle_bytes: bareIdle } : {};
  return { sockets, single, burst: bursts, ...weighed };
}

/** Memory that a collection would free goes by and by. */
async function settledBytes(pid: number): Promise<number> {
  await sleep(1_500);
  return residentBytes(pid);
}

async function compare(
  sides: readonly FanoutSide[],
  sockets: number,
  count: number,
  { ticks, rounds, sender }: { readonly ticks: number; readonly rounds: number; readonly sender: Sender },
) {
  const measured = new Map<string, Measured[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const side of sides) {
      const one = await sendTicks(side, sockets, count, ticks, sender);
      // The first one warms up.
      if (round > 0) measured.get(side.name)?.push(one);
    }
  }
  const cpuOf = (name: string) => median((measured.get(name) ?? []).map(({ cpuMicros }) => cpuMicros));
  const maru = measured.get("maru") ?? [];
  const delaysMs = maru.flatMap((one) => one.delaysMs);
  const [bareCpu, maruCpu] = [cpuOf("bare"), cpuOf("maru")];
  return {
    bare: bareCpu,
    maru: maruCpu,
    ratio: bareCpu / maruCpu,
    deliveries_per_second_per_core: 1e6 / maruCpu,
    bare_deliveries_per_second_per_core: 1e6 / bareCpu,
    messages_per_frame: median(maru.map(({ messagesPerFrame }) => messagesPerFrame)),
    p50_ms: quantile(delaysMs, 0.5),
    p99_ms: quantile(delaysMs, 0.99),
  };
}

/** Each tick begins when all of the one before has arrived. */
async function sendTicks(
  side: FanoutSide,
  sockets: number,
  count: number,
  ticks: number,
  sender: Sender,
): Promise<Measured> {
  const { counter } = side;
  const delaysMs: number[] = [];
  const framesBefore = counter.frames;
  const cpuBefore = await processCpuMicros(side.pid);
  for (let tick = 0; tick < ticks; tick++) {
    // Numbers have no holes for the gateway; the bare side may have any.
    const entries = side.name === "maru" ? sender.next(count) : nextEntries("room", tick * count, count);
    const target = counter.payloadBytes + sockets * side.bytesOf(entries);
    const sentMs = performance.now();
    const arrived = new Promise<void>((resolve) => {
      counter.onRead = () => {
        // One of many, so that to note it costs nothing.
        if (delaysMs.length < 100_000) delaysMs.push(performance.now() - sentMs);
        if (counter.payloadBytes >= target) resolve();
      };
    });
    await side.send(entries);
    await arrived;
  }
  counter.onRead = undefined;
  const deliveries = ticks * count * sockets;
  return {
    cpuMicros: ((await processCpuMicros(side.pid)) - cpuBefore) / deliveries,
    messagesPerFrame: deliveries / (counter.frames - framesBefore),
    delaysMs,
  };
}
