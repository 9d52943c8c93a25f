import { expect, it } from "vitest";
import { sinceMs } from "./since-ms.ts";

it("understands a time and how long ago, and nothing else", () => {
  expect(sinceMs("2026-11-25T12:00:00Z", 0)).toBe(Date.UTC(2026, 10, 25, 12));
  expect(sinceMs("36h", 200 * 3_600_000)).toBe(164 * 3_600_000);
  expect(sinceMs("90m", 90 * 60_000)).toBe(0);
  for (const wrong of ["yesterday", "36", "1w", "2026"]) expect(() => sinceMs(wrong, 0)).toThrow("--since");
});
