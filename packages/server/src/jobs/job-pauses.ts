/** Which jobs this server leaves alone, and until when. */
export interface JobPauses {
  has(jobId: string, nowMs: number): boolean;
  /** Each failure in a row doubles the pause. */
  failed(jobId: string, nowMs: number): void;
  moved(jobId: string): void;
  /** The job has nothing to do before that time. */
  leaveUntil(jobId: string, untilMs: number): void;
  /** Forgets jobs that do not run any more. */
  keepOnly(jobIds: ReadonlySet<string>): void;
}

export interface JobPausesOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

export function createJobPauses({ firstMs, maxMs }: JobPausesOptions): JobPauses {
  const pauses = new Map<string, { readonly untilMs: number; readonly lastMs?: number }>();
  return {
    has: (jobId, nowMs) => nowMs < (pauses.get(jobId)?.untilMs ?? 0),
    failed(jobId, nowMs) {
      const lastMs = pauses.get(jobId)?.lastMs;
      const ms = Math.min(lastMs === undefined ? firstMs : 2 * lastMs, maxMs);
      pauses.set(jobId, { untilMs: nowMs + ms, lastMs: ms });
    },
    moved: (jobId) => void pauses.delete(jobId),
    leaveUntil: (jobId, untilMs) => void pauses.set(jobId, { untilMs }),
    keepOnly(jobIds) {
      for (const jobId of pauses.keys()) if (!jobIds.has(jobId)) pauses.delete(jobId);
    },
  };
}
