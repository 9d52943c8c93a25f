/** How often and how fast an event is handed to a handler that throws. */
export interface HandlerRetryOptions {
  /** How often an event is handed over in all, the first time included. 1 switches retries off. @default 10 */
  readonly maxAttempts?: number;
  /** The first wait is a random time up to this, in milliseconds, each later one up to twice the one before. @default 100 */
  readonly firstBackoffMs?: number;
  /** No wait is longer. @default 10_000 */
  readonly maxBackoffMs?: number;
}

/** {@link HandlerRetryOptions} with the defaults filled in. */
export type HandlerRetryPolicy = Required<HandlerRetryOptions>;

/** Fills in the defaults. Throws a RangeError for a number that makes no sense. */
export function toHandlerRetryPolicy(options: HandlerRetryOptions = {}): HandlerRetryPolicy {
  const { maxAttempts = 10, firstBackoffMs = 100, maxBackoffMs = 10_000 } = options;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(`subscribe: retry.maxAttempts must be a whole number from 1 on, not ${maxAttempts}`);
  }
  for (const [name, value] of Object.entries({ firstBackoffMs, maxBackoffMs })) {
    if (!(value >= 0 && value < 2 ** 31)) throw new RangeError(`subscribe: retry.${name} must not be ${value}`);
  }
  return { maxAttempts, firstBackoffMs, maxBackoffMs };
}

/**
 * How long to wait after the n-th failed attempt: a random part of a bound that doubles (full jitter). Undefined when
 * no attempt is left.
 *
 * @param random a number from 0 up to 1
 */
export function handlerBackoffMs(policy: HandlerRetryPolicy, attempt: number, random: number): number | undefined {
  if (attempt >= policy.maxAttempts) return undefined;
  return random * Math.min(policy.maxBackoffMs, policy.firstBackoffMs * 2 ** (attempt - 1));
}
