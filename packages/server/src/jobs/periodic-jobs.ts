import { JobKind } from "@maru/protocol";
import type { JobStore, NewJob } from "../domain/admin/job.ts";
import type { ReconcileScope } from "../domain/admin/reconciliation.ts";
import type { AdminDomain } from "../domain/admin/start-job.ts";

export interface PeriodicJobsOptions {
  readonly domain: Pick<AdminDomain, "jobs" | "log" | "topic">;
  readonly retentionIntervalMs: number;
  readonly reconcileIntervalMs: number;
}

/** Entries that the round before took for still on their way are looked at again. */
const overlapMs = 2 * 60 * 60_000;

/**
 * Starts the jobs that are due. The interval's number is the key, so that however many servers ask there is one job for
 * each interval.
 */
export function createPeriodicJobs(options: PeriodicJobsOptions): () => Promise<void> {
  const { domain } = options;
  const startedKeys = new Map<JobKind, string>();

  async function start(kind: JobKind, name: string, intervalMs: number, scope?: (beganMs: number) => ReconcileScope) {
    if (intervalMs === 0) return;
    const nowMs = domain.log.clock.nowMs();
    const number = Math.floor(nowMs / intervalMs);
    const key = `${name} ${number} of ${intervalMs}`;
    if (key === startedKeys.get(kind)) return;
    const job: NewJob = {
      kind,
      userId: "",
      caller: "",
      key,
      nowMs,
      ...(scope !== undefined && { scope: JSON.stringify(scope(number * intervalMs)) }),
    };
    if (scope === undefined || !(await runsAlready(domain.jobs, kind))) await domain.jobs.start(job);
    startedKeys.set(kind, key);
  }

  return async () => {
    const { retentionIntervalMs, reconcileIntervalMs } = options;
    await start(JobKind.RETENTION, "retention", retentionIntervalMs);
    if (domain.topic === undefined) return;
    await start(JobKind.RECONCILE, "reconcile", reconcileIntervalMs, (beganMs) => ({
      sinceMs: Math.max(0, beganMs - 2 * reconcileIntervalMs - overlapMs),
      roomIds: [],
      activeOnly: false,
    }));
  };
}

/** A comparison that takes longer than the interval is not joined by another one. */
async function runsAlready(jobs: JobStore, kind: JobKind): Promise<boolean> {
  for (let after: string | undefined; ; ) {
    const page = await jobs.listRunning(after, 100);
    if (page.some((job) => job.kind === kind && job.caller === "")) return true;
    after = page.at(-1)?.jobId;
    if (after === undefined) return false;
  }
}
