import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import type { Dice } from "../model/dice.ts";
import { createTimerQueue, type VirtualTimer } from "./timer-queue.ts";

/** What a machine runs: it can stand still for a while, or die. Its timers, and so all that waits for a network, are its own. */
export interface VirtualProcess {
  readonly name: string;
  state: "running" | "frozen" | "dead";
}

/** Time in which nothing takes any, except for waiting. */
export interface VirtualTime {
  /** Whole milliseconds, as clocks have them. */
  nowMs(): number;
  within<Result>(process: VirtualProcess, work: () => Result): Result;
  sleep(ms: number): Promise<void>;
  thaw(process: VirtualProcess): void;
  setTimer(callback: () => void, ms: number): VirtualTimer;
  clearTimer(timer: VirtualTimer): void;
  /** Lets timers fire, one after the other, until the work is done. Rejects when nothing is left that could go on. */
  run(work: Promise<unknown>, maxSteps: number): Promise<void>;
  readonly steps: number;
  /** Who runs now. */
  readonly current: VirtualProcess | undefined;
}

const turnsOfOneStep = 2_000;
const realSetImmediate = setImmediate;

/** Runs what promises have in hand, without leaving this turn of the event loop: a hundredth of the price of a turn. */
const runMicrotasks = (() => {
  setFlagsFromString("--allow-natives-syntax");
  return new Function("%PerformMicrotaskCheckpoint()") as () => void;
})();

/** @param onStep runs after each step, in no process */
export function createVirtualTime(dice: Dice, startMs: number, onStep: () => void): VirtualTime {
  const queue = createTimerQueue();
  const processes = new AsyncLocalStorage<VirtualProcess>();
  const frozen = new Map<VirtualProcess, VirtualTimer[]>();
  let nowMs = startMs;
  let steps = 0;

  function setTimer(callback: () => void, ms: number): VirtualTimer {
    const atMs = nowMs + Math.max(ms, 0);
    return queue.add({ atMs, tie: dice.next(), process: processes.getStore(), callback, cancelled: false });
  }

  /** Says whether there was something to do. */
  function step(): boolean {
    const timer = queue.take();
    if (timer === undefined) return false;
    steps++;
    nowMs = Math.max(nowMs, timer.atMs);
    const { process } = timer;
    if (process?.state === "dead") return true;
    if (process?.state === "frozen") {
      frozen.set(process, [...(frozen.get(process) ?? []), timer]);
      return true;
    }
    if (process === undefined) processes.exit(timer.callback);
    else processes.run(process, timer.callback);
    return true;
  }

  return {
    nowMs: () => Math.floor(nowMs),
    within: (process, work) => processes.run(process, work),
    sleep: (ms) => new Promise((resolve) => void setTimer(resolve, ms)),
    setTimer,
    clearTimer(timer) {
      timer.cancelled = true;
    },
    thaw(process) {
      process.state = "running";
      // The same timers, so that what runs before them can still cancel them.
      for (const timer of frozen.get(process) ?? []) queue.add(Object.assign(timer, { atMs: nowMs, tie: dice.next() }));
      frozen.delete(process);
    },
    get steps() {
      return steps;
    },
    get current() {
      return processes.getStore();
    },
    async run(work, maxSteps) {
      let finished = false;
      const done = work.finally(() => {
        finished = true;
      });
      done.catch(() => {});
      while (!finished) {
        await new Promise<void>((resolve, reject) =>
          realSetImmediate(() => {
            for (let turn = 0; turn < turnsOfOneStep; turn++) {
              runMicrotasks();
              if (finished) return resolve();
              if (steps > maxSteps) return reject(new Error(`after ${maxSteps} steps there is no end`));
              onStep();
              if (!step()) return reject(new Error("nobody waits for anything, and the work is not done"));
            }
            resolve();
          }),
        );
      }
      await done;
    },
  };
}
