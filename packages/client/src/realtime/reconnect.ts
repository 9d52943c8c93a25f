/** How fast a lost connection is made again. */
export interface ReconnectOptions {
  /** The first wait is a random time up to this, each later one up to twice the one before. @default 1000 */
  readonly firstBackoffMs?: number;
  /** No wait is longer. @default 30000 */
  readonly maxBackoffMs?: number;
  /** A connection that lived for so long was a good one: the next wait is a first one again. @default 60000 */
  readonly healthyMs?: number;
}

/** {@link ReconnectOptions} with the defaults filled in. Throws a RangeError for a number that makes no sense. */
export function toReconnectPolicy(options: ReconnectOptions = {}): Required<ReconnectOptions> {
  const policy = { firstBackoffMs: 1000, maxBackoffMs: 30_000, healthyMs: 60_000, ...options };
  for (const [name, value] of Object.entries(policy)) {
    if (!(value >= 0)) throw new RangeError(`connectRealtime: reconnect.${name} must not be ${value}`);
  }
  return policy;
}

/** What a close asks for. */
export type CloseVerdict = "comeBack" | "newToken" | "stop";

/** By the ranges of the contract. Codes of WebSocket itself (1001, 1006, …) say nothing about the client: it comes back. */
export function judgeClose(code: number): CloseVerdict {
  if (code >= 4100 && code <= 4199) return "newToken";
  if (code >= 4200 && code <= 4299) return "stop";
  return "comeBack";
}

/**
 * A random part of a bound that doubles (full jitter), so that those who were thrown out together do not come back together.
 *
 * @param failures how many attempts failed before
 * @param random a number from 0 up to 1
 */
export function backoffMs(
  policy: Pick<Required<ReconnectOptions>, "firstBackoffMs" | "maxBackoffMs">,
  failures: number,
  random: number,
): number {
  return random * Math.min(policy.maxBackoffMs, policy.firstBackoffMs * 2 ** Math.min(failures, 30));
}
