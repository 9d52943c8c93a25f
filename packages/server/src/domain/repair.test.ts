import { expect, it } from "vitest";
import { type Repair, surelyKeptMs, withLosses } from "./repair.ts";

const now = 100 * surelyKeptMs;
const one = { id: "one", sinceMs: 500 };
const other = { id: "other", sinceMs: 200 };
const walked = { cursor: { bucket: 9, afterRoomId: "r" }, roomsDone: 70, eventsEmitted: 7 };
const opened = (...losses: { id: string; sinceMs: number | undefined }[]) =>
  withLosses(undefined, losses, now) as Repair;

it("a loss opens a repair from the earliest time that any of them names; one without a time means the beginning", () => {
  expect(opened(one, other)).toMatchObject({ losses: ["one", "other"], sinceMs: 200, revision: 1, done: false });
  expect(opened(one, { id: "new", sinceMs: undefined }).sinceMs).toBeUndefined();
});

it("the same loss opens nothing a second time, and does not disturb the walk", () => {
  expect(withLosses({ ...opened(one), progress: walked }, [one], now + 1)).toBeUndefined();
});

it("another loss joins the repair that runs, from the earlier time on, and the walk begins again", () => {
  const joined = withLosses({ ...opened(one), progress: walked }, [one, other], now + 1);
  expect(joined).toMatchObject({ losses: ["one", "other"], sinceMs: 200, revision: 2, startedAtMs: now });
  expect(joined).toMatchObject({ walkSinceMs: now + 1, progress: { cursor: { bucket: 0 }, roomsDone: 0 } });
  const later = withLosses(opened(other), [one], now + 1);
  expect(later?.sinceMs).toBe(200);
});

it("a loss that was repaired is told again in vain, as long as what came after the walk is in the stream", () => {
  const done: Repair = { ...opened(one), progress: walked, done: true };
  expect(withLosses(done, [one], now + surelyKeptMs - 1)).toBeUndefined();
  expect(withLosses(done, [one, other], now + 1)).toMatchObject({ losses: ["other"], sinceMs: 200, done: false });
  const again = withLosses(done, [one], now + surelyKeptMs);
  expect(again).toMatchObject({ losses: ["one"], sinceMs: 500, revision: 2, done: false });
  expect(again?.progress.cursor).toEqual({ bucket: 0 });
});
