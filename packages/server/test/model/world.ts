import type { Dice } from "./dice.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import type { Truth } from "./truth.ts";
import { drawWeather, type Jump, jumpMs, type Weather } from "./weather.ts";

/** Everything that one run shares. */
export interface World {
  readonly dice: Dice;
  readonly weather: Weather;
  readonly scheduler: Scheduler;
  readonly truth: Truth;
  /** Faults and jumps are over: what is left to do must succeed. */
  isCalm: boolean;
  /** True time; servers see it with their own offsets. */
  nowMs(): number;
  jump(kind?: Jump): void;
  /** A number that rises with each call. */
  stamp(): number;
  /** Keys of the entries whose type this version does not know. */
  readonly unknownKeys: Set<string>;
}

const startMs = Date.UTC(2026, 10, 23);

export function createWorld(dice: Dice, patienceMs: number): World {
  const weather = drawWeather(dice);
  let nowMs = startMs;
  let stamps = 0;
  const world: World = {
    dice,
    weather,
    truth: { entries: [], moves: [], settings: [], rises: [], violations: [] },
    isCalm: false,
    nowMs: () => nowMs,
    jump(kind = dice.weighted(weather.jumps)) {
      nowMs += jumpMs(dice, kind);
    },
    stamp: () => ++stamps,
    unknownKeys: new Set(),
    scheduler: createScheduler({
      dice,
      patienceMs,
      onStep() {
        nowMs += dice.int(0, weather.stepMaxMs);
        if (!world.isCalm && dice.chance(weather.jump)) world.jump();
      },
    }),
  };
  return world;
}

export async function pauses(world: World, most = world.weather.pausesMax): Promise<void> {
  for (let left = 1 + world.dice.int(0, most); left > 0; left--) await world.scheduler.pause();
}
