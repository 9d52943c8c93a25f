/** Wall clock, passed in so that tests can turn it. */
export interface Clock {
  nowMs(): number;
}

/** Numbers in [0, 1), passed in so that simulations can repeat a run. */
export type Random = () => number;

/** Rings once after a time, unless it is disposed of before. Passed in so that tests can turn the clock. */
export type Alarm = (ms: number, ring: () => void) => Disposable;
