import { expect, test } from "vitest";
import { PendingBytes } from "./pending-bytes.ts";

test("senders are let in up to the bound, and then in their order", async () => {
  const pending = new PendingBytes(100);
  const order: string[] = [];
  const enter = (name: string, sizeBytes: number) => pending.take(sizeBytes).then(() => void order.push(name));
  await enter("first", 80);
  const rest = [enter("large", 60), enter("small", 10)];
  await new Promise(setImmediate);
  expect(order).toEqual(["first"]); // the small one would fit, and does not overtake
  expect(pending.bytes).toBe(80);
  pending.release(80);
  await Promise.all(rest);
  expect(order).toEqual(["first", "large", "small"]);
  expect(pending.bytes).toBe(70);
});

test("opening lets everybody in", async () => {
  const pending = new PendingBytes(1);
  const waiting = Promise.all([pending.take(1), pending.take(1), pending.take(1)]);
  pending.open();
  await waiting;
  expect(pending.bytes).toBe(3);
});
