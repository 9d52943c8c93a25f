/** How long the canary has been silent, and when that must be said. */
export interface CanaryWatch {
  /** A message has come through that was committed then. */
  seen(committedAtMs: number): void;
  /** What must be said now; to be asked again and again. */
  look(nowMs: number): "silent" | "heard again" | undefined;
  /** Age of the newest message that came through, or of the watch. */
  silentMs(nowMs: number): number;
}

export interface CanaryWatchOptions {
  readonly startedAtMs: number;
  readonly alarmMs: number;
}

/** Of a watch that itself stood still, as a process that was stopped does, the silence before counts for nothing. */
export function createCanaryWatch({ startedAtMs, alarmMs }: CanaryWatchOptions): CanaryWatch {
  let newestMs = startedAtMs;
  let lookedAtMs = startedAtMs;
  let isSilent = false;
  const silentMs = (nowMs: number) => Math.max(0, nowMs - newestMs);
  return {
    seen(committedAtMs) {
      newestMs = Math.max(newestMs, committedAtMs);
    },
    silentMs,
    look(nowMs) {
      if (nowMs - lookedAtMs >= alarmMs && !isSilent) newestMs = Math.max(newestMs, nowMs);
      lookedAtMs = nowMs;
      const wasSilent = isSilent;
      isSilent = silentMs(nowMs) >= alarmMs;
      if (isSilent === wasSilent) return undefined;
      return isSilent ? "silent" : "heard again";
    },
  };
}
