import { expect, test } from "vitest";
import { createHandlerSlots } from "./handler-slots.ts";

test("no more handlers run than there are slots, and they begin in the order in which they were asked for", async () => {
  const slots = createHandlerSlots(2);
  const begun: string[] = [];
  const gates = new Map(["a", "b", "c", "d"].map((room) => [room, Promise.withResolvers<void>()]));
  for (const [room, gate] of gates) {
    slots.run(room, async () => {
      begun.push(room);
      await gate.promise;
    });
  }
  expect(begun).toEqual(["a", "b"]);
  gates.get("b")?.resolve();
  await expect.poll(() => begun).toEqual(["a", "b", "c"]);
  for (const gate of gates.values()) gate.resolve();
  await expect.poll(() => begun).toEqual(["a", "b", "c", "d"]);
  await slots.settled();
});

test("two handlers of one room never run at once, and another room goes past them", async () => {
  const slots = createHandlerSlots(4);
  const begun: string[] = [];
  const first = Promise.withResolvers<void>();
  slots.run("a", () => {
    begun.push("a1");
    return first.promise;
  });
  slots.run("a", async () => void begun.push("a2"));
  slots.run("b", async () => void begun.push("b"));
  expect(begun).toEqual(["a1", "b"]);
  first.resolve();
  await expect.poll(() => begun).toEqual(["a1", "b", "a2"]);
});
