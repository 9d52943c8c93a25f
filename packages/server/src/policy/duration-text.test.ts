import { expect, test } from "vitest";
import { parseDuration } from "./duration-text.ts";

test("durations are a whole number and a unit", () => {
  expect(["30s", "15m", "12h", "90d"].map(parseDuration)).toEqual([30_000, 900_000, 43_200_000, 7_776_000_000]);
});

test("what is no duration, or none worth the name, is refused", () => {
  for (const text of ["", "0s", "15", "m", "1.5h", "-1d", "15 m", "1w", "15M", "1234567890s"]) {
    expect(parseDuration(text)).toBeUndefined();
  }
});
