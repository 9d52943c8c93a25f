import { expect, test } from "vitest";
import { createRoomLanes } from "./room-lanes.ts";

test("what a room waits for is done in its order, beside other rooms, and nothing behind what failed", async () => {
  const done: string[] = [];
  const failed = Promise.withResolvers<unknown>();
  const lanes = createRoomLanes(2, 100, failed.resolve);
  const gate = Promise.withResolvers<void>();
  const note = (name: string) => async () => void done.push(name);
  await lanes.add(
    "a",
    () => gate.promise.then(note("a1")),
    () => undefined,
  );
  await lanes.add("a", note("a2"), () => undefined);
  await lanes.add("b", note("b1"), () => undefined);
  await expect.poll(() => done).toEqual(["b1"]);
  gate.resolve();
  await expect.poll(() => done).toEqual(["b1", "a1", "a2"]);
  await lanes.add(
    "a",
    () => Promise.reject(new Error("planned")),
    () => done.push("never"),
  );
  await lanes.add("a", note("a4"), () => undefined);
  await lanes.add("c", note("c1"), () => undefined);
  expect(await failed.promise).toMatchObject({ message: "planned" });
  await lanes.stop();
  expect(done).not.toContain("a4");
  expect(done).not.toContain("never");
});
