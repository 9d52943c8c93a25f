import { parseArgs } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { startStack } from "@maru/devstack";
import { ClientFrameSchema } from "@maru/protocol/realtime";
import type { WebSocket } from "ws";
import { type MaruSide, nextEntries, openFanoutFleet, openMaruSide, residentBytes } from "./fanout/fanout-sides.ts";
import { wholeNumber } from "./measure/options.ts";
import { quantile } from "./measure/quantile.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";

const abuses = ["nobody", "slow readers", "floods", "large frames"] as const;
type Abuse = (typeof abuses)[number];

/** What others in a room notice of those who do not read, who flood, and who send what is far too large. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sockets: { type: "string", default: "100" },
      abusers: { type: "string", default: "10" },
      entries: { type: "string", default: "600" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const sockets = wholeNumber("--sockets", values.sockets);
  const abusers = wholeNumber("--abusers", values.abusers);
  const entries = wholeNumber("--entries", values.entries);
  const conditions = circumstances();
  await using stack = await startStack({ dynamodb: { storage: "memory" }, kafka: { brokers: 1 }, redis: true });
  await using fleet = await openFanoutFleet(stack, sockets + abusers);
  await using maru = await openMaruSide(fleet, stack.redis?.nodes ?? []);
  await maru.open(sockets);
  const send = createSends(maru, sockets);
  await send(entries); // to warm up
  const sides: Record<
    string,
    { readonly p50_ms: number; readonly p99_ms: number; readonly closes: Record<string, number> }
  > = {};
  const memoryBefore = await residentBytes(maru.pid);
  for (const abuse of abuses) {
    const closes: Record<string, number> = {};
    const stop = new AbortController();
    const ended = Promise.all(Array.from({ length: abusers }, () => misbehave(maru, abuse, closes, stop.signal)));
    const delaysMs = await send(entries);
    stop.abort();
    await ended;
    sides[abuse] = { p50_ms: quantile(delaysMs, 0.5), p99_ms: quantile(delaysMs, 0.99), closes };
  }
  const grownBytes = (await residentBytes(maru.pid)) - memoryBefore;
  const rows = Object.entries(sides).map(([name, { p50_ms, p99_ms, closes }]) => [
    name,
    p50_ms.toFixed(1),
    p99_ms.toFixed(1),
    Object.entries(closes)
      .map(([code, count]) => `${count} × ${code}`)
      .join(", "),
  ]);
  process.stdout.write(`Delay from publish to arrival at ${sockets} sockets of a room, beside ${abusers} sockets of the same room that misbehave.

${table([["beside", "p50 ms", "p99 ms", "closed"], ...rows])}

The gateway took ${(grownBytes / 2 ** 20).toFixed(1)} MB more memory in the end than before.

`);
  await report(values.results, "abuse", {
    bench: "abuse",
    ...conditions,
    sockets,
    abusers,
    entries,
    sides,
    grown_bytes: grownBytes,
  });
}

/** So many that what a slow reader leaves unread soon is more than kernels hold for it. */
const textChars = 12_000;

/** Entries one after the other, each when the one before has arrived everywhere. */
function createSends(side: MaruSide, sockets: number): (count: number) => Promise<number[]> {
  let seq = 1;
  return async (count) => {
    const delaysMs: number[] = [];
    for (let n = 0; n < count; n++) {
      const entries = nextEntries(side.roomId, seq++, 1, textChars);
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

/** Comes again and again: the gateway ends it each time. */
async function misbehave(
  side: MaruSide,
  abuse: Abuse,
  closes: Record<string, number>,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted && abuse !== "nobody") {
    const socket = await side.enter().catch(() => undefined);
    if (socket === undefined) continue;
    const closed = new Promise<void>((resolve) => {
      socket.once("close", (code) => {
        closes[code] = (closes[code] ?? 0) + 1;
        resolve();
      });
      stop.addEventListener("abort", () => resolve(), { once: true });
    });
    socket.on("error", () => undefined);
    act(socket, abuse, stop);
    await closed;
    socket.terminate();
  }
}

const ping = toBinary(ClientFrameSchema, create(ClientFrameSchema, { kind: { case: "ping", value: {} } }));
const large = Buffer.alloc(4 * 1024 * 1024);

function act(socket: WebSocket, abuse: Abuse, stop: AbortSignal): void {
  if (abuse === "slow readers") socket.pause();
  else if (abuse === "large frames") socket.send(large);
  else flood(socket, stop);
}

function flood(socket: WebSocket, stop: AbortSignal): void {
  const more = () => {
    if (stop.aborted || socket.readyState !== socket.OPEN) return;
    for (let n = 0; n < 100; n++) socket.send(ping);
    setTimeout(more, 5);
  };
  more();
}
