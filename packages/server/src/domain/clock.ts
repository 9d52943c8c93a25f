/** Wall clock, passed in so that tests can turn it. */
export interface Clock {
  nowMs(): number;
}

/** Numbers in [0, 1), passed in so that simulations can repeat a run. */
export type Random = () => number;
