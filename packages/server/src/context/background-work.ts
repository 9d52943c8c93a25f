import type { AdminDomain } from "../domain/admin/start-job.ts";
import { startCanary } from "../jobs/canary.ts";
import { startHoldExpiry } from "../jobs/expire-holds.ts";
import { startReconciliationWatch } from "../jobs/reconciliation-watch.ts";
import { runJobs } from "../jobs/run-jobs.ts";
import { tellFindings } from "../jobs/tell-findings.ts";
import type { ServerParts } from "./server-parts.ts";

export interface BackgroundWork extends AsyncDisposable {
  drain(): Promise<void>;
}

const jobsPollMs = 1_000;
const jobLeaseMs = 60_000;
const reconciliationPollMs = 60_000;

/** Work that no caller waits for. Every server does it: what must not be done twice has a lease. */
export function startBackgroundWork(parts: ServerParts, domain: AdminDomain): BackgroundWork[] {
  const { config, log, telemetry } = parts;
  return [
    ...proofs(parts, domain),
    startHoldExpiry({ domain, intervalMs: config.holdExpiryIntervalMs, log, telemetry }),
    runJobs({
      domain,
      log,
      pollMs: jobsPollMs,
      leaseMs: jobLeaseMs,
      roomsPerSecond: config.jobsRoomsPerSecond,
      retentionIntervalMs: config.retentionIntervalMs,
      reconcileIntervalMs: config.reconcileIntervalMs,
      onFindings: tellFindings(log, telemetry),
    }),
  ];
}

/** What proves that the topic has all that the table has. */
function proofs({ config, log, telemetry, topic, canaryLease }: ServerParts, domain: AdminDomain): BackgroundWork[] {
  if (topic === undefined) return [];
  const watch = startReconciliationWatch({ jobs: domain.jobs, pollMs: reconciliationPollMs, log, telemetry });
  if (canaryLease === undefined || config.canaryIntervalMs === 0) return [watch];
  const { canaryIntervalMs: intervalMs, canaryAlarmMs: alarmMs } = config;
  return [watch, startCanary({ domain, topic, lease: canaryLease, intervalMs, alarmMs, log, telemetry })];
}
