import type { Stack } from "@maru/devstack";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runFault } from "../../../bench/src/faults/fault-run.ts";
import { faultNames, faults } from "../../../bench/src/faults/faults.ts";
import { startChaosStack } from "../../../bench/src/faults/relay-world.ts";

const sends = 5_000;

let stack: Stack;
beforeAll(async () => {
  stack = await startChaosStack();
}, 120_000);
afterAll(() => stack?.close());

for (const name of faultNames) {
  const title = `when ${faults[name].title} amid 5,000 sends, the topic has every entry in order and no send fails`;
  test(title, { timeout: 300_000 }, async ({ signal }) => {
    const findings = await runFault(stack, faults[name], { sends, signal, say: () => undefined });
    const { sent, entries, longestSilenceMs, longestDelayMs, topic, ...others } = findings;
    expect(others).toEqual({ sendFailures: 0, holes: 0, missing: 0, doubled: 0, unacknowledged: 0 });
    expect(topic).toMatchObject({ inTopic: entries, missing: 0, outOfOrder: 0, different: 0 });
    expect(sent).toBeGreaterThanOrEqual(sends);
    console.log(
      `${name}: ${sent} sent, ${topic.repeats} repeats, silent ${longestSilenceMs} ms, late ${longestDelayMs} ms`,
    );
  });
}
