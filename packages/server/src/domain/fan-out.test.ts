import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { createFanOut } from "./fan-out.ts";

it("gives the results in the order of the items, and never has more reads under way than it may", async () => {
  const fanOut = createFanOut(3);
  let [running, most] = [0, 0];
  const read = async (item: number) => {
    running++;
    most = Math.max(most, running);
    for (let turns = item % 4; turns >= 0; turns--) await setImmediate();
    running--;
    return item * 2;
  };
  const items = Array.from({ length: 20 }, (_, n) => n);
  const [one, two] = await Promise.all([fanOut.map(items, read), fanOut.map(items, read), fanOut.map([], read)]);
  expect(one).toEqual(items.map((n) => n * 2));
  expect(two).toEqual(one);
  expect(most).toBe(3);
});

it("serves a call that wants little before one that wants much has ended", async () => {
  const fanOut = createFanOut(2);
  const order: string[] = [];
  const read = async (item: string) => {
    await setImmediate();
    order.push(item);
  };
  const many = fanOut.map(
    Array.from({ length: 20 }, () => "many"),
    read,
  );
  await Promise.all([many, fanOut.map(["few"], read)]);
  expect(order.indexOf("few")).toBeLessThan(6);
});

it("fails as the first read that fails, reads nothing more for that call, and serves the next one", async () => {
  const fanOut = createFanOut(2);
  const read: number[] = [];
  const failing = fanOut.map([1, 2, 3, 4, 5, 6], async (item) => {
    read.push(item);
    await setImmediate();
    if (item === 2) throw new Error("of item 2");
    return item;
  });
  await expect(failing).rejects.toThrow("of item 2");
  await setImmediate();
  expect(read.length).toBeLessThan(6);
  expect(await fanOut.map([7, 8, 9], async (item) => item)).toEqual([7, 8, 9]);
});
