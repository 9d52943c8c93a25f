import { setTimeout as sleep } from "node:timers/promises";
import type { Dice } from "./dice.ts";

/** Decides who goes on next. Everything that runs under it stops at `pause` until it is chosen. */
export interface Scheduler {
  pause(): Promise<void>;
  /** Lets the paused ones go on, one at a time, until the work is done and nobody waits. */
  run(work: Promise<unknown>): Promise<void>;
}

export interface SchedulerOptions {
  readonly dice: Dice;
  readonly onStep: () => void;
  /** How long nobody may be ready before the run counts as stuck: 0 where nothing but the scheduler can wake anybody. */
  readonly patienceMs: number;
}

const idleTurns = 50;

export function createScheduler({ dice, onStep, patienceMs }: SchedulerOptions): Scheduler {
  const waiting: (() => void)[] = [];
  return {
    pause: () => new Promise((resolve) => waiting.push(resolve)),
    async run(work) {
      let finished = false;
      const done = work.finally(() => {
        finished = true;
      });
      done.catch(() => {});
      let idle = 0;
      let idleSinceMs = Date.now();
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        const chosen = waiting.splice(dice.int(0, Math.max(0, waiting.length - 1)), 1)[0];
        if (chosen !== undefined) {
          idle = 0;
          onStep();
          chosen();
          continue;
        }
        if (finished) break;
        if (++idle === 1) idleSinceMs = Date.now();
        if (idle > idleTurns) {
          if (Date.now() - idleSinceMs >= patienceMs)
            throw new Error("stuck: nobody is ready and the work is not done");
          await sleep(1);
        }
      }
      await done;
    },
  };
}
