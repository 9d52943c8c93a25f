import { expect, test } from "vitest";
import { clockToMicros, processCpuMicros, toCpuMicros } from "./process-cpu.ts";
import { median, quantile } from "./quantile.ts";

test("a quantile is the value of its rank, and a median of an even count lies between two values", () => {
  const values = [5, 1, 4, 2, 3];
  expect([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 0.2), quantile([7], 0.01)]).toEqual([
    3, 5, 1, 7,
  ]);
  expect([median(values), median([4, 1, 2, 3]), median([7])]).toEqual([3, 2.5, 7]);
});

test("CPU time is read from /proc, also of a process with blanks in its name, and from ps", () => {
  expect(toCpuMicros(`7 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20`)).toBe(2_000_000);
  expect([clockToMicros("2:03.45"), clockToMicros("1:00:00")]).toEqual([123_450_000, 3_600_000_000]);
});

test("the CPU time of this process rises", async () => {
  const before = await processCpuMicros(process.pid);
  while ((await processCpuMicros(process.pid)) === before) for (let n = 0; n < 1_000_000; n++) Math.sqrt(n);
  expect(await processCpuMicros(process.pid)).toBeGreaterThan(before);
});
