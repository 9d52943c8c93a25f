import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { signServiceToken } from "@maru/server/identity/tokens.ts";
import { requestSizeBytes } from "./measure/message.ts";
import { wholeNumber } from "./measure/options.ts";
import { median } from "./measure/quantile.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";
import { startWorker } from "./measure/worker.ts";
import type { DriverOrders } from "./rpc/driver.ts";
import type { ServerOrders } from "./rpc/server-orders.ts";

const targetRatio = 1.5;
const sides = [
  { name: "bare grpc-js", file: "echo-server.ts", cachedTokens: 0 },
  { name: "maru", file: "maru-server.ts", cachedTokens: 10_000 },
  { name: "maru, token cache off", file: "maru-server.ts", cachedTokens: 0 },
] as const;

/** Server CPU per unary call of our gRPC listener against a bare grpc-js server that answers the same message. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      calls: { type: "string", default: "20000" },
      rounds: { type: "string", default: "5" },
      concurrency: { type: "string", default: "32" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const calls = wholeNumber("--calls", values.calls);
  const rounds = wholeNumber("--rounds", values.rounds);
  const concurrency = wholeNumber("--concurrency", values.concurrency);
  const conditions = { ...circumstances(), calls, rounds, concurrency, request_bytes: requestSizeBytes };
  const micros = await measure({ calls, rounds, concurrency });

  const [bare = Number.NaN, maru = Number.NaN, uncached = Number.NaN] = micros.map(median);
  const ratios = { ratio: maru / bare, ratio_without_token_cache: uncached / bare };
  const rows = sides.map(({ name }, side) => {
    const perRound = (micros[side] ?? []).map((one) => one.toFixed(1)).join(" ");
    return [name, median(micros[side] ?? []).toFixed(1), (median(micros[side] ?? []) / bare).toFixed(2), perRound];
  });
  process.stdout.write(`Server CPU per unary call: SendMessage of ${requestSizeBytes} bytes over a handler that does nothing,
${calls} calls a round, ${concurrency} at once, rounds alternating; validation, identity, errors and metrics are on.
A token's signature is checked when it first comes; until it expires it is then found in the cache of verified tokens.

${table([["", "µs CPU", "ratio", "each round"], ...rows])}

Target: ${targetRatio} with the cache on: ${ratios.ratio <= targetRatio ? "met" : "missed"}.

`);
  await report(values.results, "rpc", {
    bench: "rpc",
    ...conditions,
    token_checks: "cached until the token expires",
    bare_cpu_us_per_call: bare,
    maru_cpu_us_per_call: maru,
    maru_without_token_cache_cpu_us_per_call: uncached,
    ...ratios,
    target_ratio: targetRatio,
    rounds_us: Object.fromEntries(sides.map(({ name }, side) => [name, micros[side]])),
  });
}

/** Rounds that do not count: the compilers take so long. */
const warmUpRounds = 2;

/** µs of CPU per call: of each side, in each round. */
async function measure(plan: { calls: number; rounds: number; concurrency: number }): Promise<number[][]> {
  await using processes = new AsyncDisposableStack();
  const fileOf = (name: string) => join(import.meta.dirname, "rpc", name);
  const driver = processes.use(startWorker<DriverOrders>(fileOf("driver.ts")));
  const tokenKey = randomBytes(32).toString("base64url");
  const token = await signServiceToken({ key: tokenKey, service: "bench", ttlSeconds: 86_400 });
  const servers = [];
  for (const { file, cachedTokens } of sides) {
    const worker = processes.use(startWorker<ServerOrders>(fileOf(file)));
    servers.push({ worker, address: await worker.ask("listen", { tokenKey, cachedTokens }), micros: [] as number[] });
  }
  for (let round = 0; round < warmUpRounds + plan.rounds; round++) {
    for (const { worker, address, micros } of servers) {
      const before = await worker.ask("cpuMicros");
      await driver.ask("drive", { address, token, calls: plan.calls, concurrency: plan.concurrency });
      const perCall = ((await worker.ask("cpuMicros")) - before) / plan.calls;
      if (round >= warmUpRounds) micros.push(perCall);
    }
  }
  return servers.map(({ micros }) => micros);
}
