import { timestampMs } from "@bufbuild/protobuf/wkt";
import type {
  EraseUserRequest,
  GetJobRequest,
  Job,
  ListJobsRequest,
  RunReconcileRequest,
  RunRetentionRequest,
} from "@maru/protocol";
import { ErrorReason, JobKind, ListJobsRequestSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { isId } from "../page-position.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";
import { readPage } from "../read-page.ts";
import { type JobStore, type NewJob, toJob } from "./job.ts";
import type { ReconcileScope } from "./reconciliation.ts";
import type { TopicView } from "./topic-view.ts";

/** What administration uses beside the rest of the domain. */
export interface AdminDomain extends Domain {
  readonly jobs: JobStore;
  /** Undefined where no brokers are configured. */
  readonly topic?: TopicView | undefined;
}

export function eraseUser(domain: AdminDomain, call: Call, request: EraseUserRequest): Promise<Job> {
  return start(domain, call, { kind: JobKind.ERASE_USER, userId: request.userId }, request.idempotencyKey);
}

export function runRetention(domain: AdminDomain, call: Call, request: RunRetentionRequest): Promise<Job> {
  return start(domain, call, { kind: JobKind.RETENTION, userId: "" }, request.idempotencyKey);
}

export async function runReconcile(domain: AdminDomain, call: Call, request: RunReconcileRequest): Promise<Job> {
  if (domain.topic === undefined) throw new MaruError(ErrorReason.TOPIC_NOT_CONFIGURED);
  const nowMs = domain.log.clock.nowMs();
  const scope: ReconcileScope = {
    sinceMs: request.since === undefined ? 0 : Math.min(Math.max(0, timestampMs(request.since)), nowMs),
    roomIds: [...new Set(request.onlyRoomIds)].toSorted(),
    activeOnly: request.activeRoomsOnly,
  };
  const work = { kind: JobKind.RECONCILE, userId: "", scope: JSON.stringify(scope) };
  return start(domain, call, work, request.idempotencyKey);
}

type Work = Pick<NewJob, "kind" | "userId" | "scope">;

async function start({ jobs, log }: AdminDomain, call: Call, work: Work, givenKey: string) {
  const key = givenKey === "" ? log.newKey() : givenKey;
  const job = await jobs.start({ ...work, caller: call.caller, key, nowMs: log.clock.nowMs() });
  // The same job is the same act: another one under the same key is refused, and nothing was started.
  if (job.kind === work.kind && job.userId === work.userId && job.scope === work.scope) return toJob(job);
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
