import type { Stack } from "@maru/devstack";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runChaos } from "./chaos/run-chaos.ts";
import { createWorld, loadRooms, startEngines } from "./migrate-world.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startEngines();
});
afterAll(() => stack?.close());

test("copy and follow are killed again and again while people chat, and in the end nothing differs", {
  timeout: 300_000,
}, async () => {
  await using world = await createWorld(stack, loadRooms(6));
  const outcome = await runChaos(world, { kills: 6, seed: 7, unitsPerSecond: 800, say: () => undefined });
  expect(outcome.differences).toEqual([]);
  expect(outcome.followRejected).toBe(0);
  expect(outcome.kills.copy).toBeGreaterThan(0);
  for (const { source, copied, rejected } of Object.values(outcome.counts)) expect(copied + rejected).toBe(source);
});
