import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";

const run = promisify(execFile);
const main = join(import.meta.dirname, "../src/main.ts");

/** What the bench prints, and the JSON of its last line. */
async function bench(...args: string[]) {
  const { dynamodb, kafka } = inject("stack");
  const env = {
    ...process.env,
    MARU_DYNAMODB_ENDPOINT: dynamodb.endpoint,
    MARU_KAFKA_BROKERS: kafka.brokers.join(","),
  };
  const { stdout } = await run(process.execPath, [main, ...args], { env });
  return { text: stdout, results: JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") };
}

test("the bench rpc prints the CPU per call of both servers, with and without cached tokens", {
  timeout: 180_000,
}, async () => {
  const { text, results } = await bench("rpc", "--calls", "200", "--rounds", "1", "--results", "");
  expect(text).toContain("maru, token cache off");
  expect(results).toMatchObject({ bench: "rpc", calls: 200, rounds: 1, request_bytes: 300, target_ratio: 1.5 });
  for (const side of ["bare", "maru", "maru_without_token_cache"]) {
    expect(results[`${side}_cpu_us_per_call`]).toBeGreaterThan(0);
  }
  expect(results.ratio).toBeCloseTo(results.maru_cpu_us_per_call / results.bare_cpu_us_per_call);
});

test("the bench send prints the rate, the latencies and the CPU time of all sides", { timeout: 180_000 }, async () => {
  const { text, results } = await bench(
    ...[
      "send",
      "--seconds",
      "1",
      "--rounds",
      "1",
      "--callers",
      "4",
      "--warm-up",
      "1",
      "--storage",
      "memory",
      "--results",
      "",
    ],
  );
  expect(text).toContain("the same puts");
  expect(results).toMatchObject({ bench: "send", callers: 4, rounds: 1, request_bytes: 300, target_ratio: 0.8 });
  const { maru, maru_client, raw, ratio, ratio_maru_client } = results.memory;
  for (const side of [maru, maru_client, raw]) {
    expect(side.per_second).toBeGreaterThan(0);
    expect(side.p99_ms).toBeGreaterThanOrEqual(side.p50_ms);
  }
  // The engine of the tests is not of this bench, which then does not know its process.
  const processes = [maru, maru_client, raw].map((side) => Object.keys(side.cpu_us_per_operation));
  expect(processes).toEqual([["client", "server"], ["client", "server"], ["client"]]);
  expect(ratio).toBeCloseTo(maru.per_second / raw.per_second);
  expect(ratio_maru_client).toBeCloseTo(maru_client.per_second / raw.per_second);
});

test("the bench page prints the rates of the raw query, of the table and of the cache", {
  timeout: 180_000,
}, async () => {
  const options = ["--seconds", "1", "--rounds", "1", "--callers", "4", "--warm-up", "1", "--results", ""];
  const { text, results } = await bench("page", ...options);
  expect(text).toContain("rooms cached");
  expect(results).toMatchObject({ bench: "page", callers: 4, rounds: 1, page_size: 50 });
  for (const side of [results.raw, results.cold, results.cached]) {
    expect(side.per_second).toBeGreaterThan(0);
    expect(side.p99_ms).toBeGreaterThanOrEqual(side.p50_ms);
  }
  expect(results.cold_ratio).toBeCloseTo(results.cold.per_second / results.raw.per_second);
  expect(results.cached_ratio).toBeCloseTo(results.cached.per_second / results.raw.per_second);
});

test("the bench list-rooms prints the latency of a list and its requests to the table", {
  timeout: 180_000,
}, async () => {
  const { text, results } = await bench(
    ...["list-rooms", "--rooms", "60", "--messages", "3", "--lists", "2", "--results", ""],
  );
  expect(text).toContain("requests each");
  // The index, the members, the rooms, each room's tail, and the log of each room on the page that has something unread. From
  // the inbox it is the page's rooms, and the one behind them.
  expect(results).toMatchObject({
    bench: "list-rooms",
    rooms: 60,
    lists: 2,
    walk_some: { requests_per_list: 1 + 1 + 1 + 60 + 50 },
    inbox_some: { requests_per_list: 1 + 1 + 51 + 50 },
    inbox_none: { requests_per_list: 1 + 1 + 51 },
  });
  expect(results.walk_some.p99_ms).toBeGreaterThanOrEqual(results.walk_some.p50_ms);
  expect(results.walk_some.read_units_per_list).toBeGreaterThan(60);
});

test("the bench consume prints the rates and the CPU time of both consumers", { timeout: 180_000 }, async () => {
  const { text, results } = await bench(
    "consume",
    "--events",
    "2000",
    "--rooms",
    "20",
    "--rounds",
    "1",
    "--results",
    "",
  );
  expect(text).toContain("looks for repeats and holes");
  expect(results).toMatchObject({ bench: "consume", events: 2000, rooms: 20, rounds: 1, target_ratio: 0.7 });
  for (const side of [results.raw, results.maru]) expect(side.cpu_us_per_event).toBeGreaterThan(0);
  expect(results.ratio).toBeCloseTo(results.maru.per_second / results.raw.per_second);
});

test("the bench e2e prints the delays of both ways and their difference", { timeout: 180_000 }, async () => {
  const { text, results } = await bench(
    "e2e",
    "--per-second",
    "50",
    "--seconds",
    "1",
    "--rounds",
    "1",
    "--results",
    "",
  );
  expect(text).toContain("Difference: p50");
  for (const side of [results.raw, results.maru]) expect(side.p99_ms).toBeGreaterThanOrEqual(side.p50_ms);
  expect(results.difference.p50_ms).toBeCloseTo(results.maru.p50_ms - results.raw.p50_ms);
});

test("the bench burst prints how far the relay falls behind, when it is back, and that all arrived in order", {
  timeout: 180_000,
}, async () => {
  const plan = { usual: 10, factor: 10, seconds: 2, around: 1, rooms: 2, writers: 8 };
  const options = Object.entries(plan).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { text, results } = await bench("burst", ...options, "--results", "");
  expect(text).toContain("Nothing was lost, all came in order.");
  expect(results).toMatchObject({ bench: "burst", ...plan, kept: true, missing: 0, out_of_order: 0, send_failures: 0 });
  expect(results.sent).toBeGreaterThan(results.burst_sent);
  expect(results.peak_lag_ms).toBeGreaterThanOrEqual(results.burst_lag_p50_ms);
});

test("the bench fanout prints the CPU of a delivery of both sides, and how many entries a frame holds", {
  timeout: 180_000,
}, async () => {
  const { text, results } = await bench(
    ...["fanout", "--sockets", "50", "--ticks", "3", "--rounds", "1", "--results", ""],
  );
  expect(text).toContain("50, bursts of 8");
  expect(results).toMatchObject({ bench: "fanout", results: [{ sockets: 50, burst: { messages_per_frame: 8 } }] });
});

test("the bench abuse prints the delays beside each abuse, and with which codes the abusers were refused", {
  timeout: 180_000,
}, async () => {
  const { text, results } = await bench(
    ...["abuse", "--sockets", "10", "--abusers", "2", "--entries", "20", "--again-ms", "20", "--results", ""],
  );
  expect(text).toContain("beside 2 sockets of the same room that misbehave");
  expect(results).toMatchObject({ bench: "abuse", sockets: 10, abusers: 2, entries: 20, again_ms: 20 });
  const { nobody, floods, "slow readers": slow, "large frames": large } = results.sides;
  for (const side of [nobody, slow, floods, large]) {
    expect(side.p50_ms).toBeGreaterThan(0);
    expect(side.p99_ms).toBeGreaterThanOrEqual(side.p50_ms);
    expect(side.gateway_read_bytes).toBeGreaterThan(0);
  }
  expect(slow).toMatchObject({ entered: 2, refused: 0, offered_bytes: 0 });
  // Each was refused once before anything was measured.
  for (const side of [floods, large]) expect(side.refused).toBeGreaterThanOrEqual(2);
  expect(floods.closes[4201]).toBeGreaterThan(0);
  expect(large.closes[1009]).toBeGreaterThan(0);
  expect(large.offered_bytes).toBe(large.entered * 4 * 1024 * 1024);
});

test("the bench flatten prints the rates of the handler and of parsing and printing alone", {
  timeout: 180_000,
}, async () => {
  const { text, results } = await bench("flatten", "--no-sql", "--records", "1200", "--rounds", "1", "--results", "");
  expect(text).toContain("parse and print");
  // The rooms' messages with their edits and reactions, so there are both.
  const { INSERT = 0, MODIFY = 0 } = results.prepared.operations;
  expect(results).toMatchObject({
    bench: "flatten",
    rounds: 1,
    prepared: { records: 1200, events: 3 },
    target_ratio: 0.5,
  });
  expect(INSERT + MODIFY).toBe(1200);
  expect(MODIFY).toBeGreaterThan(0);
  for (const side of [results.bare, results.maru]) expect(side.cpu_us_per_record).toBeGreaterThan(0);
  expect(results.ratio).toBeCloseTo(results.maru.per_second_and_core / results.bare.per_second_and_core);
  expect(results).not.toHaveProperty("sql");
});

test("the bench lists what it can run, and names what it does not know", async () => {
  const { stdout } = await run(process.execPath, [main, "--help"]);
  for (const name of ["rpc", "send", "page", "list-rooms", "consume", "e2e", "burst", "flatten"])
    expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  await expect(run(process.execPath, [main, "speed"])).rejects.toMatchObject({
    stderr: expect.stringContaining('there is no bench "speed"'),
  });
  await expect(run(process.execPath, [main, "rpc", "--calls", "many"])).rejects.toMatchObject({
    stderr: '--calls must be a whole number from 1 on, not "many"\n',
  });
});
