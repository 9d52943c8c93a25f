/** How long a server that did not answer is passed over: the first time, and at most. */
const FIRST_AWAY_MS = 500;
const MAX_AWAY_MS = 10_000;

/** A short memory of the servers that did not answer. */
export interface AwayMemory<S> {
  /** Whether to pass this server over for now. */
  isAway(server: S): boolean;
  /** The server did not answer: pass it over, twice as long each time, up to ten seconds. */
  failed(server: S): void;
  /** The server answered. */
  answered(server: S): void;
  /**
   * Called for the server that a try goes to. When its time is over but it has not answered yet, others go on passing
   * it over for as long again, so that one call finds out whether it is back, and not all of them.
   */
  trying(server: S): void;
}

/** @param nowMs a clock that never goes back, in milliseconds */
export function createAwayMemory<S>(nowMs: () => number): AwayMemory<S> {
  const away = new Map<S, { failures: number; untilMs: number }>();
  const awayMs = (failures: number) => Math.min(MAX_AWAY_MS, FIRST_AWAY_MS * 2 ** (failures - 1));
  return {
    isAway(server) {
      const state = away.get(server);
      return state !== undefined && nowMs() < state.untilMs;
    },
    failed(server) {
      const state = away.get(server);
      // Calls that were under way together fail together: that is one failure.
      if (state !== undefined && nowMs() < state.untilMs - awayMs(state.failures) / 2) return;
      const failures = (state?.failures ?? 0) + 1;
      away.set(server, { failures, untilMs: nowMs() + awayMs(failures) });
    },
    answered(server) {
      if (away.size > 0) away.delete(server);
    },
    trying(server) {
      const state = away.get(server);
      if (state !== undefined && nowMs() >= state.untilMs) state.untilMs = nowMs() + awayMs(state.failures);
    },
  };
}
