import { setTimeout as sleep } from "node:timers/promises";
import type { Domain } from "../domain/domain.ts";
import { expireHolds, type OpenHolds } from "../domain/messages/expire-holds.ts";
import type { Log } from "../log.ts";
import type { Telemetry } from "../telemetry.ts";

export interface HoldExpiry extends AsyncDisposable {
  /** Ends after the message that it is at. */
  drain(): Promise<void>;
}

export interface HoldExpiryDeps {
  readonly domain: Domain;
  readonly intervalMs: number;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, "holdsExpired">;
}

const pagePauseMs = 100;

/** Writes, again and again, the cancellation of held messages that have run out. Every server may: see `expireHolds`. */
export function startHoldExpiry({ domain, intervalMs, log, telemetry }: HoldExpiryDeps): HoldExpiry {
  const stop = new AbortController();
  const { signal } = stop;
  const ended = run();

  async function run(): Promise<void> {
    let known: OpenHolds = new Map();
    while (await paused(intervalMs)) {
      try {
        known = await expireHolds(domain, {
          signal,
          known,
          pause: async () => void (await paused(pagePauseMs)),
          onExpired(place) {
            telemetry.holdsExpired.inc();
            log.debug(place, "a held message expired");
          },
          onFailed: (place, error) => log.warn({ ...place, error }, "an expired hold could not be ended"),
        });
      } catch (error) {
        if (!signal.aborted) log.warn({ error }, "held messages could not be looked through, which is tried again");
      }
    }
  }

  async function paused(ms: number): Promise<boolean> {
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
    return !signal.aborted;
  }

  const drain = async () => {
    stop.abort();
    await ended;
  };
  return { drain, [Symbol.asyncDispose]: drain };
}
