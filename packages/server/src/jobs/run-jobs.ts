import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ErrorReason, JobKind } from "@maru/protocol";
import { type JobLease, type JobRecord, type JobStep, kindName } from "../domain/admin/job.ts";
import type { Finding } from "../domain/admin/reconciliation.ts";
import type { AdminDomain } from "../domain/admin/start-job.ts";
import { walkEraseUser } from "../domain/admin/walk-erase-user.ts";
import { walkReconcile } from "../domain/admin/walk-reconcile.ts";
import { walkRetention } from "../domain/admin/walk-retention.ts";
import type { Call } from "../domain/call.ts";
import { MaruError } from "../errors.ts";
import type { Log } from "../log.ts";
import { createJobPauses } from "./job-pauses.ts";
import { createPeriodicJobs } from "./periodic-jobs.ts";

export interface RunJobsOptions {
  readonly domain: AdminDomain;
  readonly log: Log;
  /** Pause between two looks for work. */
  readonly pollMs: number;
  /** How long a job that nobody moves stays with the server that took it. */
  readonly leaseMs: number;
  /** Upper bound of rooms that a job visits in a second. */
  readonly roomsPerSecond: number;
  /** How often retention runs by itself; 0: never. All servers start the same job. */
  readonly retentionIntervalMs: number;
  /** How often table and topic are compared by themselves; 0: never. */
  readonly reconcileIntervalMs: number;
  /** Told of what a reconciliation found, as soon as it is kept. */
  readonly onFindings?: (findings: readonly Finding[]) => void;
}

export interface JobRunner extends AsyncDisposable {
  /** Stops after the step that runs; another server goes on. */
  drain(): Promise<void>;
}

const pageJobs = 20;
const maxPauseMs = 5 * 60_000;

/** Works on jobs, one at a time, beside the other servers. */
export function runJobs(options: RunJobsOptions): JobRunner {
  const { domain, log, pollMs, leaseMs } = options;
  const owner = randomUUID();
  const stop = new AbortController();
  const nowMs = () => domain.log.clock.nowMs();
  const pauses = createJobPauses({ firstMs: pollMs, maxMs: maxPauseMs });
  const startPeriodic = createPeriodicJobs(options);

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await startPeriodic();
        while (!stop.signal.aborted && (await workOnAll())) {}
      } catch (error) {
        log.warn({ error }, "jobs cannot be looked up");
      }
      await pause(pollMs, stop.signal);
    }
  }

  /** Looks at all jobs that run; whether one was done. One that fails does not keep others from theirs. */
  async function workOnAll(): Promise<boolean> {
    const seen = new Set<string>();
    let [isOneDone, after] = [false, undefined as string | undefined];
    for (;;) {
      const page = await domain.jobs.listRunning(after, pageJobs);
      for (const { jobId, kind } of page) {
        if (stop.signal.aborted) return false;
        seen.add(jobId);
        // Another server has brokers.
        if (kind === JobKind.RECONCILE && domain.topic === undefined) continue;
        if (pauses.has(jobId, nowMs())) continue;
        const lease = await domain.jobs.acquire(jobId, owner, { nowMs: nowMs(), ttlMs: leaseMs });
        if (lease !== undefined && (await work(lease))) isOneDone = true;
      }
      after = page.at(-1)?.jobId;
      if (after === undefined) break;
    }
    pauses.keepOnly(seen);
    return isOneDone;
  }

  /** Whether the job is done. */
  async function work(lease: JobLease): Promise<boolean> {
    const { jobId, kind } = lease.job;
    const about = log.child({ job: jobId, kind: kindName(kind) });
    about.info({ progress: lease.job.progress }, "a job is worked on");
    let progress = lease.job.progress;
    const lost = () => {
      about.warn({ progress }, "another server has taken the job over");
      return false;
    };
    try {
      for await (const step of walkOf(domain, lease.job, stop.signal)) {
        progress = step.progress;
        const saved = await domain.jobs.save(lease, progress, { nowMs: nowMs(), ttlMs: leaseMs });
        if (saved.kind === "lost") return lost();
        pauses.moved(jobId);
        if (step.findings !== undefined && step.findings.length > 0) options.onFindings?.(step.findings);
        if (step.resumeAtMs !== undefined && !stop.signal.aborted) {
          await leave(lease, step.resumeAtMs);
          return false;
        }
        if (step.endsRoom) await pause(((step.rooms ?? 1) * 1_000) / options.roomsPerSecond, stop.signal);
        if (stop.signal.aborted) break;
      }
      if (stop.signal.aborted) {
        await domain.jobs.release(lease, "", nowMs());
        return false;
      }
      const finished = await domain.jobs.finish(lease, progress, nowMs());
      if (finished.kind === "lost") return lost();
      about.info({ progress }, "a job is done");
      return true;
    } catch (error) {
      if (!stop.signal.aborted) {
        pauses.failed(jobId, nowMs());
        about.error({ error, progress }, "a job failed, and is tried again");
      }
      const lastError = error instanceof Error ? error.message : String(error);
      await domain.jobs.release(lease, stop.signal.aborted ? "" : lastError, nowMs());
      return false;
    }
  }

  /** Every server that takes the job up too early leaves it likewise. */
  async function leave(lease: JobLease, untilMs: number): Promise<void> {
    pauses.leaveUntil(lease.job.jobId, untilMs);
    await domain.jobs.release(lease, "", nowMs());
  }

  const running = run();
  const drain = async () => {
    stop.abort(new Error("the server is shutting down"));
    await running;
  };
  return { drain, [Symbol.asyncDispose]: drain };
}

function walkOf(domain: AdminDomain, job: JobRecord, signal: AbortSignal): AsyncGenerator<JobStep, void> {
  const call: Call = { caller: job.caller === "" ? "maru" : job.caller, method: { name: kindName(job.kind) }, signal };
  switch (job.kind) {
    case JobKind.ERASE_USER:
      return walkEraseUser(domain, call, job);
    case JobKind.RETENTION:
      return walkRetention(domain, call, job);
    case JobKind.RECONCILE: {
      const { topic } = domain;
      if (topic === undefined) throw new MaruError(ErrorReason.TOPIC_NOT_CONFIGURED);
      return walkReconcile({ ...domain, topic }, call, job);
    }
    default:
      throw new Error(`this version does not know jobs of the kind ${kindName(job.kind)}`);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
