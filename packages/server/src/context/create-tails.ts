import type { Alarm } from "../domain/clock.ts";
import { createPolledTails, type PolledTails, type PolledTailsOptions } from "../domain/events/polled-tails.ts";
import type { Watching } from "../domain/events/watch-room.ts";
import type { ServerParts } from "./server-parts.ts";

const alarm: Alarm = (ms, ring) => {
  const timer = setTimeout(ring, ms);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
};

/** What watching rooms takes: how their logs grow, found by looking. */
export function createTails(
  { config, telemetry, store, clock }: ServerParts,
  { onFollowed, onLeft }: Required<Pick<PolledTailsOptions, "onFollowed" | "onLeft">>,
): Watching & { tails: PolledTails } {
  const { watchMinPollMs: minPollMs, watchMaxPollMs: maxPollMs } = config;
  const tails = createPolledTails({ store, alarm, minPollMs, maxPollMs, onFollowed, onLeft });
  telemetry.gauge("maru_rooms_watched", "Rooms that WatchRoom follows.", () => tails.roomCount);
  return { store, clock, alarm, tails };
}
