import { expect, it } from "vitest";
import { createCanaryWatch } from "./canary-watch.ts";

const watchFrom = (startedAtMs: number) => createCanaryWatch({ startedAtMs, alarmMs: 30_000 });

it("says once that it hears nothing, and once that it does again", () => {
  const watch = watchFrom(0);
  const said: unknown[] = [];
  for (let nowMs = 5_000; nowMs <= 60_000; nowMs += 5_000) said.push(watch.look(nowMs));
  watch.seen(58_000);
  said.push(watch.look(65_000), watch.look(70_000));
  expect(said.filter((one) => one !== undefined)).toEqual(["silent", "heard again"]);
  expect(said.indexOf("silent")).toBe(5);
});

it("takes old messages that come late for what they are: the path is as far behind as they are old", () => {
  const watch = watchFrom(0);
  for (let nowMs = 5_000; nowMs < 30_000; nowMs += 5_000) watch.look(nowMs);
  watch.seen(1_000);
  expect(watch.silentMs(29_000)).toBe(28_000);
  expect(watch.look(31_000)).toBe("silent");
  watch.seen(3_000);
  expect(watch.look(36_000)).toBeUndefined();
});

it("does not hold the silence of its own sleep against the path", () => {
  const watch = watchFrom(0);
  watch.look(5_000);
  expect(watch.look(600_000)).toBeUndefined();
  expect(watch.silentMs(605_000)).toBe(5_000);
});
