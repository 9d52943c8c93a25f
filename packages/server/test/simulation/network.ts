import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../src/errors.ts";
import type { World } from "./world.ts";

/** The way between two machines: slow, and now and then a request or an answer does not arrive. */
export interface Network {
  /** Half of a way. */
  pause(): Promise<void>;
  strikes(probability: number): boolean;
  /** There, done, and back. */
  ask<Result>(effect: () => Promise<Result> | Result, unavailable?: () => Error): Promise<Result>;
}

const slowFactor = 10;

export function createNetwork(world: World): Network {
  const { dice, weather, time } = world;
  const strikes = (probability: number) => !world.isCalm && probability > 0 && dice.chance(probability);

  function pause(): Promise<void> {
    const factor = strikes(weather.slow) ? slowFactor : 1;
    return time.sleep(dice.next() * weather.latencyMs * factor);
  }

  return {
    pause,
    strikes,
    async ask(effect, unavailable = () => new MaruError(ErrorReason.STORE_UNAVAILABLE)) {
      await pause();
      if (strikes(weather.loseRequest)) throw unavailable();
      const result = await effect();
      await pause();
      if (strikes(weather.loseAnswer)) throw unavailable();
      return result;
    },
  };
}

/** All methods of an engine, asked over the network. */
export function overNetwork<Engine extends object>(engine: Engine, network: Network): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return typeof method === "function" ? (...args: unknown[]) => network.ask(() => method(...args)) : method;
    },
  });
}
