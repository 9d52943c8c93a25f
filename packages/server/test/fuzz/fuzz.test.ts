import { expect, test } from "vitest";
import { methods } from "./contract.ts";
import { runFuzz } from "./run-fuzz.ts";

const requests = 10_000;

test("random requests leave the server healthy, and its rooms as their logs say", { timeout: 300_000 }, async () => {
  const report = await runFuzz(20_261_123, requests, () => {});
  // Found one? node packages/server/test/fuzz/main.ts makes the same requests with the same seed.
  expect(report.problems).toEqual([]);
  expect(report.requests).toBe(requests);
  expect(report.accepted).toBeGreaterThan(requests / 3);
  expect(report.roomsVerified).toBeGreaterThan(100);
  const calls = Object.entries(report.calls);
  expect(calls).toHaveLength(methods.length);
  for (const [name, { accepted, refused }] of calls) {
    expect(accepted + refused, name).toBeGreaterThanOrEqual(20);
    expect(accepted, name).toBeGreaterThan(0);
  }
});
