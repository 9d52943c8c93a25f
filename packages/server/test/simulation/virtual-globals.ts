import { syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";
import type { VirtualTime } from "./virtual-time.ts";

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  Date: globalThis.Date,
  random: Math.random,
  now: performance.now,
  sleep: timersPromises.setTimeout,
};

/** Puts virtual time and chance in the place of the machine's, for the whole process, and answers how to undo it. */
export function installVirtualGlobals(time: VirtualTime, random: () => number): () => void {
  const startMs = time.nowMs();
  const timers = new WeakMap<object, { cancel: () => void }>();

  function start(callback: () => void, ms: number, repeatMs?: number): object {
    const handle = {
      ref: () => handle,
      unref: () => handle,
      hasRef: () => true,
      [Symbol.dispose]: () => stop(handle),
    };
    let isStopped = false;
    let timer = time.setTimer(fire, ms);
    function fire(): void {
      if (repeatMs !== undefined && !isStopped) timer = time.setTimer(fire, Math.max(1, repeatMs));
      callback();
    }
    timers.set(handle, {
      cancel() {
        isStopped = true;
        time.clearTimer(timer);
      },
    });
    return handle;
  }

  function stop(handle: unknown): void {
    if (typeof handle === "object" && handle !== null) timers.get(handle)?.cancel();
  }

  type Callback = (...args: unknown[]) => void;
  const setTimer = (callback: Callback, ms = 0, ...args: unknown[]) => start(() => callback(...args), Number(ms));

  class VirtualDate extends real.Date {
    constructor(...args: unknown[]) {
      if (args.length === 0) super(time.nowMs());
      else super(...(args as [number]));
    }

    static override now(): number {
      return time.nowMs();
    }
  }

  /** As `node:timers/promises` has it. */
  function sleep(ms = 0, value?: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        time.clearTimer(timer);
        reject(signal?.reason);
      };
      const timer = time.setTimer(() => {
        signal?.removeEventListener("abort", abort);
        resolve(value);
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  Object.assign(globalThis, {
    setTimeout: setTimer,
    clearTimeout: stop,
    setInterval: (callback: Callback, ms = 0, ...args: unknown[]) => start(() => callback(...args), ms, ms),
    clearInterval: stop,
    setImmediate: (callback: Callback, ...args: unknown[]) => start(() => callback(...args), 0),
    clearImmediate: stop,
    Date: VirtualDate,
  });
  Math.random = random;
  performance.now = () => time.nowMs() - startMs;
  timersPromises.setTimeout = sleep as typeof timersPromises.setTimeout;
  syncBuiltinESMExports();

  return () => {
    const { random: realRandom, now, sleep: realSleep, ...globals } = real;
    Object.assign(globalThis, globals);
    Math.random = realRandom;
    performance.now = now;
    timersPromises.setTimeout = realSleep;
    syncBuiltinESMExports();
  };
}
