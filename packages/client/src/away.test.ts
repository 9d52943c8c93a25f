import { expect, test } from "vitest";
import { createAwayMemory } from "./away.ts";

function memory() {
  const clock = { ms: 0 };
  return { clock, away: createAwayMemory<string>(() => clock.ms) };
}

test("a server that failed is passed over for a while, twice as long each time, and at most ten seconds", () => {
  const { clock, away } = memory();
  const spans: number[] = [];
  for (let failure = 0; failure < 7; failure++) {
    away.failed("a");
    const from = clock.ms;
    while (away.isAway("a")) clock.ms += 100;
    spans.push(clock.ms - from);
  }
  expect(spans).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  expect(away.isAway("b")).toBe(false);
});

test("calls that fail together are one failure", () => {
  const { clock, away } = memory();
  for (let call = 0; call < 32; call++) away.failed("a");
  clock.ms = 500;
  expect(away.isAway("a")).toBe(false);
});

test("when the time is over one call finds out, and the others wait for it", () => {
  const { clock, away } = memory();
  away.failed("a");
  clock.ms = 600;
  expect(away.isAway("a")).toBe(false);
  away.trying("a");
  expect(away.isAway("a")).toBe(true);
  away.answered("a");
  expect(away.isAway("a")).toBe(false);
});
