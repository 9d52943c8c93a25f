import { expect, test } from "vitest";
import { Sends } from "./sends.ts";

test("what goes to a room waits for what went before, and rooms do not wait for each other", async () => {
  const sends = new Sends();
  const done: string[] = [];
  const gates = new Map(["a1", "a2", "b1"].map((name) => [name, Promise.withResolvers<void>()]));
  const work = (name: string) => async () => {
    done.push(`${name} begins`);
    await gates.get(name)?.promise;
    done.push(`${name} ends`);
  };
  sends.inOrder("a", work("a1"));
  sends.inOrder("a", work("a2"));
  sends.inOrder("b", work("b1"));
  expect([sends.count, done]).toEqual([3, ["a1 begins", "b1 begins"]]);
  for (const gate of ["a2", "b1", "a1"]) gates.get(gate)?.resolve();
  await new Promise(setImmediate);
  expect([sends.count, done]).toEqual([0, ["a1 begins", "b1 begins", "b1 ends", "a1 ends", "a2 begins", "a2 ends"]]);
});
