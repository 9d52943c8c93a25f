import type { EraseUserRequest, GetJobRequest, Job, ListJobsRequest, RunRetentionRequest } from "@maru/protocol";
import { ErrorReason, JobKind, ListJobsRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { isId } from "../page-position.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";
import { readPage } from "../read-page.ts";
import { type JobStore, toJob } from "./job.ts";

/** What administration uses beside the rest of the domain. */
export interface AdminDomain extends Domain {
  readonly jobs: JobStore;
}

export function eraseUser(domain: AdminDomain, call: Call, request: EraseUserRequest): Promise<Job> {
  return start(domain, call, JobKind.ERASE_USER, request.userId, request.idempotencyKey);
}

export function runRetention(domain: AdminDomain, call: Call, request: RunRetentionRequest): Promise<Job> {
  return start(domain, call, JobKind.RETENTION, "", request.idempotencyKey);
}

async function start({ jobs, log }: AdminDomain, call: Call, kind: JobKind, userId: string, givenKey: string) {
  const key = givenKey === "" ? log.newKey() : givenKey;
  const job = await jobs.start({ kind, userId, caller: call.caller, key, nowMs: log.clock.nowMs() });
  // The same job is the same act: another one under the same key is refused, and nothing was started.
  if (job.kind === kind && job.userId === userId) return toJob(job);
  throw new MaruError(ErrorReason.IDEMPOTENCY_KEY_REUSED, {
    metadata: { job_id: job.jobId },
  });
}

export async function getJob({ jobs }: AdminDomain, { jobId }: GetJobRequest): Promise<Job> {
  const job = await jobs.read(jobId);
  if (job === undefined) throw new MaruError(ErrorReason.JOB_NOT_FOUND, { metadata: { job_id: jobId } });
  return toJob(job);
}

export async function listJobs(
  { jobs, limits }: AdminDomain,
  request: ListJobsRequest,
): Promise<{ readonly jobs: Job[]; readonly nextPageToken: string }> {
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const before = fromPageToken(ListJobsRequestSchema, request, isId);
  const { items, goOnAfter } = await readPage(size, (limit) => jobs.list(before, limit));
  return {
    jobs: items.map(toJob),
    nextPageToken: goOnAfter === undefined ? "" : toPageToken(ListJobsRequestSchema, request, goOnAfter.jobId),
  };
}
