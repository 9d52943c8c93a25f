import { quantile } from "../measure/quantile.ts";

export interface Load {
  readonly callers: number;
  readonly durationMs: number;
}

/** What one round came to. */
export interface LoadResult {
  readonly operations: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Callers that each do one operation after the other until the time is over. */
export async function runLoad(
  { callers, durationMs }: Load,
  operate: (caller: number) => Promise<unknown>,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + durationMs;
  const call = async (caller: number) => {
    for (let beganMs = performance.now(); beganMs < endMs; beganMs = performance.now()) {
      await operate(caller);
      latenciesMs.push(performance.now() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    operations: latenciesMs.length,
    perSecond: latenciesMs.length / seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}
