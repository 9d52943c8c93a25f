import { randomUUID } from "node:crypto";
import { JobKind } from "@maru/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { type JobLease, type JobStore, noProgress } from "../src/domain/admin/job.ts";
import { createJobStore } from "../src/store/jobs.ts";
import { createMemoryJobStore } from "../src/store/memory-jobs.ts";
import { testTables } from "./store-tables.ts";

const ttlMs = 10_000;
const stores: readonly (readonly [string, () => Promise<JobStore>])[] = [
  ["in memory", async () => createMemoryJobStore()],
  [
    "in DynamoDB",
    async () => {
      const { client, controlTableName } = await testTables();
      return createJobStore({ client, tableName: controlTableName });
    },
  ],
];

describe.each(stores)("jobs %s", (_name, open) => {
  let jobs: JobStore;
  beforeAll(async () => {
    jobs = await open();
  });
  let nowMs = Date.UTC(2026, 10, 25);
  const start = (key: string = randomUUID(), caller = "ops") =>
    jobs.start({ kind: JobKind.ERASE_USER, userId: "ann", caller, key, nowMs: ++nowMs });
  const acquired = async (jobId: string, owner: string, atMs: number): Promise<JobLease> => {
    const lease = await jobs.acquire(jobId, owner, { nowMs: atMs, ttlMs });
    if (lease === undefined) throw new Error(`${owner} did not get the job`);
    return lease;
  };

  test("of 16 starts with one key all get the same job; another caller's key is another job", async () => {
    const key = randomUUID();
    const started = await Promise.all(Array.from({ length: 16 }, () => start(key)));
    expect(new Set(started.map(({ jobId }) => jobId)).size).toBe(1);
    expect((await start(key, "other")).jobId).not.toBe(started[0]?.jobId);
    expect(await jobs.read(started[0]?.jobId ?? "")).toMatchObject({ userId: "ann", caller: "ops", isDone: false });
  });

  test("of 16 servers exactly one gets a job, and another one when its lease has run out, with the progress", async () => {
    const { jobId } = await start();
    const given = await Promise.all(
      Array.from({ length: 16 }, (_, index) => jobs.acquire(jobId, `s${index}`, { nowMs: 1_000, ttlMs })),
    );
    const held = given.filter((lease) => lease !== undefined);
    expect(held).toHaveLength(1);
    const first = held[0] as JobLease;
    const progress = { cursor: "here", roomsDone: 3, roomsTotal: 9, entriesChanged: 70, report: "found" };
    expect(await jobs.save(first, progress, { nowMs: 2_000, ttlMs })).toEqual({ kind: "held" });
    expect(await jobs.acquire(jobId, "late", { nowMs: 11_999, ttlMs })).toBeUndefined();
    const second = await acquired(jobId, "late", 12_000);
    expect(second.job.progress).toEqual(progress);
    expect(await jobs.save(first, noProgress, { nowMs: 12_001, ttlMs })).toEqual({ kind: "lost" });
    expect(await jobs.finish(first, noProgress, 12_001)).toEqual({ kind: "lost" });
    expect((await jobs.read(jobId))?.progress).toEqual(progress);
  });

  test("a job that failed says so and can be taken up at once; one that is done is not among those that run", async () => {
    const { jobId } = await start();
    const lease = await acquired(jobId, "one", 1_000);
    expect(await jobs.release(lease, "the table was away", 1_500)).toEqual({ kind: "held" });
    expect(await jobs.read(jobId)).toMatchObject({ lastError: "the table was away", isDone: false });
    const running = async () => (await jobs.listRunning(undefined, 1_000)).map((job) => job.jobId);
    expect(await running()).toContain(jobId);
    const again = await acquired(jobId, "two", 1_600);
    expect(await jobs.finish(again, { ...noProgress, roomsDone: 5 }, 2_000)).toEqual({ kind: "held" });
    expect(await jobs.read(jobId)).toMatchObject({ isDone: true, lastError: "", progress: { roomsDone: 5 } });
    expect(await running()).not.toContain(jobId);
    expect(await jobs.acquire(jobId, "three", { nowMs: 99_000, ttlMs })).toBeUndefined();
  });

  test("jobs that run are listed from the oldest on, page by page", async () => {
    const started: string[] = [];
    for (let count = 0; count < 5; count++) started.push((await start()).jobId);
    const beforeAll = (await jobs.listRunning(undefined, 1_000)).map(({ jobId }) => jobId);
    expect(beforeAll.slice(-5)).toEqual(started);
    const page = await jobs.listRunning(started[1], 2);
    expect(page.map(({ jobId }) => jobId)).toEqual(started.slice(2, 4));
    expect((await jobs.listRunning(started[3], 2)).map(({ jobId }) => jobId)).toEqual(started.slice(4));
    expect(await jobs.listRunning(started[4], 2)).toEqual([]);
  });

  test("jobs are listed from the newest on, page by page", async () => {
    const started: string[] = [];
    for (let count = 0; count < 5; count++) started.push((await start()).jobId);
    const newest = await jobs.list(undefined, 3);
    expect(newest.map(({ jobId }) => jobId)).toEqual(started.slice(2).reverse());
    const next = await jobs.list(newest.at(-1)?.jobId, 2);
    expect(next.map(({ jobId }) => jobId)).toEqual([started[1], started[0]]);
  });

  test("what a comparison is about is kept with it", async () => {
    const job = { kind: JobKind.RECONCILE, userId: "", scope: "some rooms", caller: "ops", key: randomUUID(), nowMs };
    const { jobId } = await jobs.start(job);
    expect(await jobs.read(jobId)).toMatchObject({ kind: JobKind.RECONCILE, scope: "some rooms" });
    expect((await jobs.start({ ...job, scope: "others" })).scope).toBe("some rooms");
  });

  test("a job that does not exist is not found, and cannot be taken", async () => {
    expect(await jobs.read("nothing")).toBeUndefined();
    expect(await jobs.acquire("nothing", "one", { nowMs: 1, ttlMs })).toBeUndefined();
  });
});
