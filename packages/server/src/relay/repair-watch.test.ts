import { expect, it } from "vitest";
import { createMemoryRepairs } from "../../test/simulation/memory-repairs.ts";
import type { Repair } from "../domain/repair.ts";
import { createLog } from "../log.ts";
import { createMemoryStore } from "../store/memory.ts";
import { createRepairWatch } from "./repair-watch.ts";

const clock = { nowMs: () => 1_000 };
const loss = { id: "a", sinceMs: undefined };

/** A watch whose reads are answered when the test says so, with what was true when they were asked. */
function watchWithSlowReads() {
  const kept = createMemoryRepairs();
  const answers: (() => void)[] = [];
  const read = async () => {
    const seen = await kept.read();
    await new Promise<void>((answer) => answers.push(answer));
    return seen;
  };
  const watch = createRepairWatch({
    repairs: { ...kept, read },
    store: createMemoryStore(),
    clock,
    log: createLog("silent"),
  });
  /** Answers the newest of so many that wait. */
  const answer = async (waiting = 1) => {
    await expect.poll(() => answers.length).toBe(waiting);
    answers.pop()?.();
  };
  return { watch, kept, answer };
}

it("does not forget a loss that was noted while an older look at the repair was under way", async () => {
  const { watch, answer } = watchWithSlowReads();
  const refreshed = watch.refresh();
  await watch.note([loss], "a test");
  await answer();
  await refreshed;
  expect(watch.running).toMatchObject({ losses: ["a"], done: false });
});

it("does not take a repair for done that was begun again since", async () => {
  const { watch, kept, answer } = watchWithSlowReads();
  await watch.note([loss], "a test");
  await finish(kept);
  const refreshed = watch.refresh();
  await watch.note([{ id: "b", sinceMs: undefined }], "a test");
  await answer();
  await refreshed;
  expect(watch.running).toMatchObject({ losses: ["b"], done: false });
});

it("does not begin a repair again that is done, by an answer from before", async () => {
  const { watch, kept, answer } = watchWithSlowReads();
  await watch.note([loss], "a test");
  const older = watch.refresh();
  const newer = finish(kept).then(() => watch.refresh());
  await answer(2);
  await newer;
  await answer();
  await older;
  expect(watch.running).toBeUndefined();
});

async function finish(kept: ReturnType<typeof createMemoryRepairs>): Promise<Repair | undefined> {
  const lease = await kept.acquire("x", { nowMs: 1_000, ttlMs: 1_000 });
  if (lease === undefined) throw new Error("nothing is to be repaired");
  await kept.finish(lease, lease.repair.progress);
  return lease.repair;
}
