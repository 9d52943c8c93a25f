import { setTimeout as sleep } from "node:timers/promises";
import { JobKind } from "@maru/protocol";
import type { JobRecord, JobStore } from "../domain/admin/job.ts";
import { leftMissing, parseReport, parseScope } from "../domain/admin/reconciliation.ts";
import type { Log } from "../log.ts";
import type { Telemetry } from "../telemetry.ts";

export interface ReconciliationWatch extends AsyncDisposable {
  drain(): Promise<void>;
}

export interface ReconciliationWatchDeps {
  readonly jobs: Pick<JobStore, "list">;
  readonly pollMs: number;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, "gauge">;
}

const pageJobs = 50;
const maxPages = 20;

/** Every server tells of the last comparison that was done, whichever server did it: none goes on telling of an older one. */
export function startReconciliationWatch({
  jobs,
  pollMs,
  log,
  telemetry,
}: ReconciliationWatchDeps): ReconciliationWatch {
  const stop = new AbortController();
  let last: JobRecord | undefined;
  telemetry.gauge(
    "maru_missing_events",
    "Entries that the last comparison of topic and table found missing and could not write again; NaN before there was one.",
    () => (last === undefined ? Number.NaN : leftMissing(parseReport(last.progress.report))),
  );
  telemetry.gauge(
    "maru_reconciled_timestamp_seconds",
    "When the last comparison of topic and table was done; NaN before there was one.",
    () => (last === undefined ? Number.NaN : last.updatedAtMs / 1_000),
  );
  const ended = run();

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        last = (await newestDone(jobs, last?.jobId)) ?? last;
      } catch (error) {
        log.warn({ error }, "the last comparison of topic and table cannot be looked up");
      }
      await sleep(pollMs, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    }
  }

  const drain = async () => {
    stop.abort();
    await ended;
  };
  return { drain, [Symbol.asyncDispose]: drain };
}

/** The newest comparison of all rooms that is done and newer than the known one. */
export async function newestDone(
  jobs: Pick<JobStore, "list">,
  knownJobId: string | undefined,
): Promise<JobRecord | undefined> {
  let before: string | undefined;
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await jobs.list(before, pageJobs);
    for (const job of page) {
      if (job.jobId === knownJobId) return undefined;
      if (job.kind === JobKind.RECONCILE && job.isDone && parseScope(job.scope).roomIds.length === 0) return job;
    }
    before = page.at(-1)?.jobId;
    if (page.length < pageJobs) return undefined;
  }
  return undefined;
}
