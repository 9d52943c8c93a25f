import type { AdminDomain } from "../domain/admin/start-job.ts";
import { startHoldExpiry } from "../jobs/expire-holds.ts";
import { runJobs } from "../jobs/run-jobs.ts";
import type { ServerParts } from "./server-parts.ts";

export interface BackgroundWork extends AsyncDisposable {
  drain(): Promise<void>;
}

const jobsPollMs = 1_000;
const jobLeaseMs = 60_000;

/** Work that no caller waits for. Every server does it: what must not be done twice has a lease. */
export function startBackgroundWork({ config, log, telemetry }: ServerParts, domain: AdminDomain): BackgroundWork[] {
  return [
    startHoldExpiry({ domain, intervalMs: config.holdExpiryIntervalMs, log, telemetry }),
    runJobs({
      domain,
      log,
      pollMs: jobsPollMs,
      leaseMs: jobLeaseMs,
      roomsPerSecond: config.jobsRoomsPerSecond,
      retentionIntervalMs: config.retentionIntervalMs,
    }),
  ];
}
