import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Job, JobKind, JobSchema, JobState } from "@maru/protocol";
import { type Finding, toReconciliation } from "./reconciliation.ts";

/** What a job has done so far. `cursor` is where it goes on; only its own walk can read it. */
export interface JobProgress {
  readonly cursor: string;
  readonly roomsDone: number;
  /** 0 until it is known. */
  readonly roomsTotal: number;
  readonly entriesChanged: number;
  /** What a reconciliation found so far, as JSON. */
  readonly report?: string;
}

/** One step of a walk. A step ends long before a lease does: what takes longer is several of them. */
export interface JobStep {
  readonly progress: JobProgress;
  /** The next step is in another room. */
  readonly endsRoom: boolean;
  /** So many rooms were visited in this step, when they were several. */
  readonly rooms?: number;
  /** What this step found. */
  readonly findings?: readonly Finding[];
  /** There is nothing to do before this time: the job is left until then. */
  readonly resumeAtMs?: number;
}

export interface NewJob {
  readonly kind: JobKind;
  readonly userId: string;
  /** What a reconciliation compares, as JSON. */
  readonly scope?: string;
  readonly caller: string;
  /** Of one caller the same key means the same job. */
  readonly key: string;
  readonly nowMs: number;
}

export interface JobRecord extends Omit<NewJob, "key" | "nowMs"> {
  readonly jobId: string;
  readonly isDone: boolean;
  readonly progress: JobProgress;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly lastError: string;
}

/** The right to work on a job. Each time it is given it has a higher epoch, and what an older epoch writes is refused. */
export interface JobLease {
  readonly job: JobRecord;
  readonly epoch: number;
}

export type JobOutcome = { readonly kind: "held" } | { readonly kind: "lost" };

export interface LeaseTime {
  readonly nowMs: number;
  readonly ttlMs: number;
}

/** Where jobs are kept, so that they outlive the server that works on them. */
export interface JobStore {
  /** Starts the job, or finds the one that the same caller started with the same key. */
  start(job: NewJob): Promise<JobRecord>;
  read(jobId: string): Promise<JobRecord | undefined>;
  /** The newest first. */
  list(beforeJobId: string | undefined, limit: number): Promise<JobRecord[]>;
  /** The oldest first. Fewer than `limit`, but for none, does not mean that there are no more. */
  listRunning(afterJobId: string | undefined, limit: number): Promise<JobRecord[]>;
  /** Undefined when another server works on it, or it is done. */
  acquire(jobId: string, owner: string, time: LeaseTime): Promise<JobLease | undefined>;
  /** Keeps how far the job is, and the lease. */
  save(lease: JobLease, progress: JobProgress, time: LeaseTime): Promise<JobOutcome>;
  finish(lease: JobLease, progress: JobProgress, nowMs: number): Promise<JobOutcome>;
  /** Another server may go on at once. */
  release(lease: JobLease, lastError: string, nowMs: number): Promise<JobOutcome>;
}

export const noProgress: JobProgress = { cursor: "", roomsDone: 0, roomsTotal: 0, entriesChanged: 0 };

/** The job as callers see it. */
export function toJob(record: JobRecord): Job {
  const { progress } = record;
  return create(JobSchema, {
    jobId: record.jobId,
    kind: record.kind,
    state: record.isDone ? JobState.DONE : JobState.RUNNING,
    userId: record.userId,
    caller: record.caller,
    roomCountDone: progress.roomsDone,
    roomCountTotal: progress.roomsTotal,
    entryCountChanged: BigInt(progress.entriesChanged),
    createdAt: timestampFromMs(record.createdAtMs),
    updatedAt: timestampFromMs(record.updatedAtMs),
    lastError: record.lastError,
    ...(record.kind === JobKind.RECONCILE && { reconciliation: toReconciliation(record.scope, progress.report) }),
  });
}

export function kindName(kind: JobKind): string {
  return JobKind[kind] ?? String(kind);
}
