import { JobKind } from "@maru/protocol";
import { expect, it } from "vitest";
import { startServer } from "../../test/log-fixtures.ts";
import { memoryTopic } from "../../test/memory-topic-view.ts";
import { parseScope } from "../domain/admin/reconciliation.ts";
import { createMemoryStore } from "../store/memory.ts";
import { createMemoryJobStore } from "../store/memory-jobs.ts";
import { createPeriodicJobs } from "./periodic-jobs.ts";

const hourMs = 3_600_000;

function world(options: { topic?: boolean } = {}) {
  let nowMs = 1_000 * hourMs + 5;
  const jobs = createMemoryJobStore();
  const domain = {
    ...startServer(createMemoryStore(), { clock: { nowMs: () => nowMs } }),
    jobs,
    topic: options.topic === false ? undefined : memoryTopic().view,
  };
  const server = () => createPeriodicJobs({ domain, retentionIntervalMs: 0, reconcileIntervalMs: hourMs });
  const move = (ms: number) => {
    nowMs += ms;
  };
  const started = async () => (await jobs.list(undefined, 100)).filter(({ kind }) => kind === JobKind.RECONCILE);
  const finish = async () => {
    const [newest] = await started();
    const lease = await jobs.acquire(newest?.jobId ?? "", "one", { nowMs, ttlMs: 1 });
    if (lease !== undefined) await jobs.finish(lease, lease.job.progress, nowMs);
  };
  return { server, move, started, finish };
}

it("however many servers ask, there is one comparison for each interval, and it looks back over two and a bit", async () => {
  const { server, move, started, finish } = world();
  const [one, other] = [server(), server()];
  for (const start of [one, other, one]) await start();
  expect(await started()).toHaveLength(1);
  expect(parseScope((await started())[0]?.scope)).toMatchObject({ sinceMs: 996 * hourMs, activeOnly: false });
  await finish();
  move(hourMs);
  for (const start of [other, one]) await start();
  expect(await started()).toHaveLength(2);
});

it("a comparison that takes longer than the interval is not joined by another one", async () => {
  const { server, move, started } = world();
  const start = server();
  await start();
  move(hourMs);
  await start();
  expect(await started()).toHaveLength(1);
});

it("a server without brokers starts none", async () => {
  const { server, started } = world({ topic: false });
  await server()();
  expect(await started()).toEqual([]);
});
