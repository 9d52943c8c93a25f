import { ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "@maru/protocol";
import type { MaruError } from "./errors.ts";
import type { StatusName } from "./status-name.ts";

/** How often and how fast calls that are safe to repeat are repeated. */
export interface RetryOptions {
  /** How often a call is tried in all, the first time included. 1 switches retries off. @default 8 */
  readonly maxAttempts?: number;
  /** The first wait is a random time up to this, each later one up to twice the one before. @default 50 */
  readonly firstBackoffMs?: number;
  /** No wait is longer, unless the server asks for it. @default 2000 */
  readonly maxBackoffMs?: number;
  /**
   * How long one try of a repeatable call may take before the next one begins, so that a server that hangs is left.
   * Default: a third of the time that the call has left, at least 100 ms; the last try gets all that is left.
   */
  readonly tryTimeoutMs?: number;
}

/** {@link RetryOptions} with the defaults filled in. */
export type RetryPolicy = Required<Omit<RetryOptions, "tryTimeoutMs">> & Pick<RetryOptions, "tryTimeoutMs">;

/** Fills in the defaults. Throws a RangeError for a number that makes no sense. */
export function toRetryPolicy(options: RetryOptions = {}): RetryPolicy {
  const policy = { maxAttempts: 8, firstBackoffMs: 50, maxBackoffMs: 2000, ...options };
  if (!Number.isInteger(policy.maxAttempts) || policy.maxAttempts < 1) {
    throw new RangeError(`connectMaru: retry.maxAttempts must be a whole number from 1 on, not ${policy.maxAttempts}`);
  }
  for (const [name, value] of Object.entries(policy)) {
    if (value !== undefined && !(value >= 0)) throw new RangeError(`connectMaru: retry.${name} must not be ${value}`);
  }
  return policy;
}

/**
 * What a failure means for a call that may be repeated. `elsewhere`: this server, or the way to it, is the trouble, and
 * the next one in the order is asked. `here`: the server asks to come back, and it is the right one for the room.
 */
type Verdict = "elsewhere" | "here" | "stop";

/** The only retry table. A status that is not in it is final. */
const verdicts: Partial<Record<StatusName, (error: MaruError) => Verdict>> = {
  UNAVAILABLE: () => "elsewhere",
  // Reached only when the try's own time was over and the call's is not.
  DEADLINE_EXCEEDED: () => "elsewhere",
  ABORTED: (error) =>
    error.retryAfterMs !== undefined || error.reason === ErrorReason.APPEND_CONTENDED ? "here" : "stop",
  RESOURCE_EXHAUSTED: (error) => (error.retryAfterMs !== undefined ? "here" : "stop"),
};

/** Whether to try again after this error, and where. */
export function judge(error: MaruError): Verdict {
  return verdicts[error.code]?.(error) ?? "stop";
}

/** Whether the write may have taken place although the call failed. */
export function isUncertain(error: MaruError): boolean {
  return error.code === "UNAVAILABLE" || error.code === "DEADLINE_EXCEEDED";
}

/** Whether a server of Maru gave this error, and not a proxy, a broken connection or this process. */
export function isServersAnswer(error: MaruError): boolean {
  return error.cause instanceof ConnectError && error.cause.details.length > 0;
}

/**
 * Whether the error shows that the server is not there, rather than that it answered with a refusal.
 *
 * @param tookMs how long the try took: silence for a moment proves nothing
 */
export function showsAbsence(error: MaruError, tookMs: number): boolean {
  if (judge(error) !== "elsewhere") return false;
  if (isServersAnswer(error)) return error.reason === ErrorReason.DRAINING;
  return error.code !== "DEADLINE_EXCEEDED" || tookMs >= 100;
}

/**
 * How long to wait before the next try: what the server asks for and up to half as much again; else a random part of a
 * bound that doubles (full jitter).
 *
 * @param waits how many waits this call has had
 * @param random a number from 0 up to 1
 */
export function backoffMs(policy: RetryPolicy, error: MaruError, waits: number, random: number): number {
  if (error.retryAfterMs !== undefined) return error.retryAfterMs * (1 + random / 2);
  return random * Math.min(policy.maxBackoffMs, policy.firstBackoffMs * 2 ** waits);
}

/** How long the next try of a repeatable call may take; `leftMs` is what its deadline leaves, if it has one. */
export function tryTimeoutMs(policy: RetryPolicy, leftMs: number | undefined, isLastTry: boolean): number | undefined {
  if (isLastTry) return toWholeMs(leftMs);
  const wanted = policy.tryTimeoutMs ?? (leftMs === undefined ? undefined : Math.max(100, leftMs / 3));
  return toWholeMs(wanted === undefined || leftMs === undefined ? (wanted ?? leftMs) : Math.min(wanted, leftMs));
}

/** A timeout as protocols and timers take it: a whole number that fits into 31 bits. */
export function toWholeMs(timeoutMs: number | undefined): number | undefined {
  return timeoutMs === undefined ? undefined : Math.min(2 ** 31 - 1, Math.ceil(timeoutMs));
}
