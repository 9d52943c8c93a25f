import type { JobLease, JobOutcome, JobProgress, JobRecord, JobStore } from "../domain/admin/job.ts";
import { noProgress } from "../domain/admin/job.ts";

interface HeldJob {
  record: JobRecord;
  epoch: number;
  expiresAtMs: number;
}

/** The job store in memory, for tests. */
export function createMemoryJobStore(): JobStore {
  const jobs = new Map<string, HeldJob>();
  const idOfKey = new Map<string, string>();
  const newestFirst = () => [...jobs.values()].map(({ record }) => record).sort((a, b) => (a.jobId < b.jobId ? 1 : -1));

  function held(lease: JobLease, change: (job: HeldJob) => void): JobOutcome {
    const job = jobs.get(lease.job.jobId);
    if (job === undefined || job.epoch !== lease.epoch || job.record.isDone) return { kind: "lost" };
    change(job);
    return { kind: "held" };
  }

  function move(job: HeldJob, progress: JobProgress, nowMs: number, isDone: boolean): void {
    job.record = { ...job.record, progress, updatedAtMs: nowMs, lastError: "", isDone };
  }

  return {
    async start({ key, nowMs, ...job }) {
      const scope = `${job.caller}\n${key}`;
      const jobId = idOfKey.get(scope) ?? `${String(nowMs).padStart(15, "0")}-${jobs.size + 1}`;
      idOfKey.set(scope, jobId);
      const known = jobs.get(jobId);
      if (known !== undefined) return known.record;
      const times = { createdAtMs: nowMs, updatedAtMs: nowMs };
      const record = { ...job, jobId, isDone: false, progress: noProgress, lastError: "", ...times };
      jobs.set(jobId, { record, epoch: 0, expiresAtMs: 0 });
      return record;
    },
    read: async (jobId) => jobs.get(jobId)?.record,
    list: async (beforeJobId, limit) =>
      newestFirst()
        .filter(({ jobId }) => beforeJobId === undefined || jobId < beforeJobId)
        .slice(0, limit),
    listRunning: async (afterJobId, limit) =>
      newestFirst()
        .reverse()
        .filter(({ jobId, isDone }) => !isDone && (afterJobId === undefined || jobId > afterJobId))
        .slice(0, limit),
    async acquire(jobId, _owner, { nowMs, ttlMs }) {
      const job = jobs.get(jobId);
      if (job === undefined || job.record.isDone || job.expiresAtMs > nowMs) return undefined;
      job.epoch++;
      job.expiresAtMs = nowMs + ttlMs;
      return { job: job.record, epoch: job.epoch };
    },
    save: async (lease, progress, { nowMs, ttlMs }) =>
      held(lease, (job) => {
        move(job, progress, nowMs, false);
        job.expiresAtMs = nowMs + ttlMs;
      }),
    finish: async (lease, progress, nowMs) => held(lease, (job) => move(job, progress, nowMs, true)),
    release: async (lease, lastError, nowMs) =>
      held(lease, (job) => {
        job.record = { ...job.record, lastError, updatedAtMs: nowMs };
        job.expiresAtMs = 0;
      }),
  };
}
