import { expect, it } from "vitest";
import { burstFigures } from "./burst-figures.ts";

it("a burst has a peak lag, a backlog, and a time until all of it has arrived", () => {
  const passages = [
    { committedAtMs: 100, arrivedAtMs: 120 },
    { committedAtMs: 200, arrivedAtMs: 240 },
    { committedAtMs: 1_000, arrivedAtMs: 1_500 },
    { committedAtMs: 1_100, arrivedAtMs: 1_800 },
    { committedAtMs: 1_900, arrivedAtMs: 2_300 },
    { committedAtMs: 3_000, arrivedAtMs: 9_000 },
  ];
  expect(burstFigures(passages, { fromMs: 1_000, toMs: 2_000 })).toEqual({
    usual_lag_p50_ms: 20,
    usual_lag_p99_ms: 40,
    burst_lag_p50_ms: 500,
    peak_lag_ms: 700,
    peak_backlog: 2,
    drain_ms: 300,
  });
});

it("a burst that has arrived before it ended takes no time to drain", () => {
  expect(burstFigures([{ committedAtMs: 10, arrivedAtMs: 15 }], { fromMs: 0, toMs: 20 })).toMatchObject({
    drain_ms: 0,
    peak_lag_ms: 5,
  });
});
