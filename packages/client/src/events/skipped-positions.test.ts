import { expect, test } from "vitest";
import type { PositionStore } from "./position-store.ts";
import { createSkippedPositions } from "./skipped-positions.ts";

/** A store that fails so often before it answers. */
function storeAt(position: number | undefined, failures = 0) {
  const passed: unknown[] = [];
  const answer = () => {
    if (failures-- > 0) throw new Error("the store is away");
  };
  const positions: PositionStore<never> = {
    async load() {
      answer();
      return position;
    },
    async process(step, work) {
      answer();
      await work(undefined as never);
      passed.push(step);
      return "processed";
    },
    ensure: (_, name) => void passed.push(name),
  };
  return { positions, passed };
}

function createFor(positions: PositionStore<never> | undefined, signal = new AbortController().signal) {
  const warnings: string[] = [];
  const warn = ({ code }: { code: string }) => void warnings.push(code);
  return { warnings, skipped: createSkippedPositions({ group: "g", positions, random: () => 0, warn }, signal) };
}

test("an event at or below the stored position is processed, and no other", async () => {
  const { skipped } = createFor(storeAt(3).positions);
  expect([await skipped.isProcessed("r", 3), await skipped.isProcessed("r", 4)]).toEqual([true, false]);
  expect(await createFor(storeAt(undefined).positions).skipped.isProcessed("r", 1)).toBe(false);
  expect(await createFor(undefined).skipped.isProcessed("r", 1)).toBe(false);
});

test("the room's position passes a skipped event by, with a note that it was skipped", async () => {
  const { positions, passed } = storeAt(3);
  expect(await createFor(positions).skipped.passBy("r", 4, 3)).toBe(true);
  expect(await createFor(undefined).skipped.passBy("r", 4, 3)).toBe(true);
  expect(await createFor(positions, AbortSignal.abort()).skipped.passBy("r", 5, 4)).toBe(false);
  expect(passed).toEqual([
    { group: "g", roomId: "r/4" },
    { group: "g", roomId: "r", seq: 4, previousSeq: 3 },
  ]);
});

test("a store that is away is waited for, with a warning, and no longer than the partition is held", async () => {
  const { skipped, warnings } = createFor(storeAt(3, 2).positions);
  expect(await skipped.isProcessed("r", 3)).toBe(true);
  expect(warnings).toEqual(["positionDelayed", "positionDelayed"]);
  expect(await createFor(storeAt(3).positions, AbortSignal.abort()).skipped.isProcessed("r", 3)).toBe(false);
});
