import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { ErrorReason } from "@maru/protocol";
import { chooseServer } from "./affinity.ts";
import type { AwayMemory } from "./away.ts";
import { MaruError, toMaruError } from "./errors.ts";
import {
  backoffMs,
  isServersAnswer,
  isUncertain,
  judge,
  type RetryPolicy,
  showsAbsence,
  tryTimeoutMs,
} from "./retry.ts";
import type { TokenSource } from "./token.ts";

/** What all calls of a client share. */
export interface CallLoopDeps<S> {
  readonly away: AwayMemory<S>;
  readonly retry: RetryPolicy;
  readonly token: TokenSource | undefined;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
  /** A clock that never goes back. */
  readonly steadyMs: () => number;
  readonly random: () => number;
}

/** One call, from the caller's point of view. */
export interface Call<S> {
  /** The servers in the order in which they are asked. */
  readonly order: readonly S[];
  /** Whether it may be repeated when its outcome is not known. */
  readonly repeatable: boolean;
  /** By the steady clock; undefined when there is none. */
  readonly deadlineMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /**
   * Told of a refusal for a key from the future. Returns whether the call now has another key. `uncertain`: an earlier
   * try with the old key may have been stored, so it must be kept.
   */
  readonly renewKey: (error: MaruError, uncertain: boolean) => boolean;
}

/** One try: which server, which token, and how long it may take. */
export interface Try<S> {
  readonly server: S;
  readonly token: string | undefined;
  readonly timeoutMs: number | undefined;
}

/** Tries a call until it succeeds or an error is final. Rejects only with a {@link MaruError}. */
export async function runCall<S, R>(
  deps: CallLoopDeps<S>,
  call: Call<S>,
  perform: (one: Try<S>) => Promise<R>,
): Promise<R> {
  const tried = new Set<S>();
  const state = { attempts: 0, waits: 0, uncertain: false, renewedToken: false, renewedKey: false };
  for (;;) {
    throwIfOver(deps, call, state.attempts);
    const fetched = deps.token?.current();
    const token = typeof fetched === "object" ? await beforeDeadline(deps, call, fetched) : fetched;
    const server = chooseServer(call.order, deps.away.isAway, tried);
    if (server === undefined) throw new TypeError("a call needs a server");
    const startedMs = deps.steadyMs();
    const leftMs = call.deadlineMs === undefined ? undefined : call.deadlineMs - startedMs;
    state.attempts++;
    const isLastTry = !call.repeatable || state.attempts >= deps.retry.maxAttempts;
    try {
      deps.away.trying(server);
      const result = await perform({ server, token, timeoutMs: tryTimeoutMs(deps.retry, leftMs, isLastTry) });
      deps.away.answered(server);
      return result;
    } catch (thrown) {
      const error = toMaruError(thrown, state.attempts);
      if (showsAbsence(error, deps.steadyMs() - startedMs)) deps.away.failed(server);
      else if (isServersAnswer(error)) deps.away.answered(server);
      throwIfOver(deps, call, state.attempts, error);
      if (renewToken(deps, error, token, state) || renewKey(call, error, state)) continue;
      state.uncertain ||= isUncertain(error);
      const verdict = judge(error);
      if (isLastTry || verdict === "stop") throw error;
      if (verdict === "elsewhere") tried.add(server);
      const untried = call.order.some((one) => !tried.has(one) && !deps.away.isAway(one));
      if (verdict === "elsewhere" && untried) continue;
      tried.clear();
      await pause(deps, call, backoffMs(deps.retry, error, state.waits++, deps.random()), error);
    }
  }
}

interface CallState {
  attempts: number;
  uncertain: boolean;
  renewedToken: boolean;
  renewedKey: boolean;
}

/** A token that has expired is fetched again once in a call: the server refused before it did anything. */
function renewToken<S>(deps: CallLoopDeps<S>, error: MaruError, token: string | undefined, state: CallState): boolean {
  if (error.reason !== ErrorReason.TOKEN_EXPIRED || state.renewedToken || token === undefined) return false;
  state.renewedToken = true;
  return deps.token?.expire(token) ?? false;
}

function renewKey<S>(call: Call<S>, error: MaruError, state: CallState): boolean {
  if (error.reason !== ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE || state.renewedKey) return false;
  state.renewedKey = true;
  return call.renewKey(error, state.uncertain);
}

/** Waits; gives the error up at once when the wait would not end before the deadline. */
async function pause<S>(deps: CallLoopDeps<S>, call: Call<S>, waitMs: number, error: MaruError): Promise<void> {
  if (call.deadlineMs !== undefined && deps.steadyMs() + waitMs >= call.deadlineMs) throw error;
  const signal = call.signal ? AbortSignal.any([call.signal, deps.closing]) : deps.closing;
  await sleep(waitMs, undefined, { signal }).catch(() => {}); // The loop looks at the signals itself.
}

function throwIfOver<S>(deps: CallLoopDeps<S>, call: Call<S>, attempts: number, last?: MaruError): void {
  const over = (message: string, code: Code, reason: ErrorReason, cause: unknown) =>
    new MaruError({ message, code, reason, attempts, cause, requestId: last?.requestId });
  if (call.signal?.aborted) {
    throw over("[CANCELLED] the caller aborted the call", Code.Canceled, ErrorReason.CANCELLED, call.signal.reason);
  }
  if (deps.closing.aborted) {
    throw over("[CANCELLED] the client is closed", Code.Canceled, ErrorReason.CANCELLED, last);
  }
  if (call.deadlineMs !== undefined && deps.steadyMs() >= call.deadlineMs && (!last || judge(last) === "elsewhere")) {
    const message = `[DEADLINE_EXCEEDED] the call's time was over after ${attempts} ${attempts === 1 ? "try" : "tries"}`;
    throw over(message, Code.DeadlineExceeded, ErrorReason.DEADLINE_EXCEEDED, last);
  }
}

/** Waits for something that knows neither the call's deadline nor its signal. */
async function beforeDeadline<S, T>(deps: CallLoopDeps<S>, call: Call<S>, wanted: Promise<T>): Promise<T> {
  const done = new AbortController();
  const ends = [deps.closing, ...(call.signal ? [call.signal] : []), done.signal];
  const leftMs = call.deadlineMs === undefined ? 2 ** 31 - 1 : Math.max(0, call.deadlineMs - deps.steadyMs());
  const timer = sleep(leftMs, undefined, { signal: AbortSignal.any(ends), ref: false }).catch(() => {});
  try {
    return await Promise.race([wanted, timer.then(() => overdue<S, T>(deps, call))]);
  } finally {
    done.abort();
  }
}

function overdue<S, T>(deps: CallLoopDeps<S>, call: Call<S>): T {
  throwIfOver(deps, call, 0);
  const message = "[DEADLINE_EXCEEDED] the token was not there in time";
  throw new MaruError({ message, code: Code.DeadlineExceeded, reason: ErrorReason.DEADLINE_EXCEEDED });
}
