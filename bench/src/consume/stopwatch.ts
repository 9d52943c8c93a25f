import { ownCpuMicros } from "../measure/worker.ts";
import type { Consumed } from "./side-orders.ts";

/** Times what lies between the first and the last of a known number of events. */
export interface Stopwatch {
  count(events: number): void;
  readonly done: Promise<Consumed>;
}

export function startStopwatch(total: number): Stopwatch {
  const { promise, resolve } = Promise.withResolvers<Consumed>();
  let counted = 0;
  let started: { atMs: number; cpuMicros: number } | undefined;
  return {
    done: promise,
    count(events) {
      started ??= { atMs: performance.now(), cpuMicros: ownCpuMicros() };
      counted += events;
      if (counted < total) return;
      resolve({ ms: performance.now() - started.atMs, cpuMicros: ownCpuMicros() - started.cpuMicros });
    },
  };
}
