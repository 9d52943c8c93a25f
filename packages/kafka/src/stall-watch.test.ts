import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Claim } from "./claim.ts";
import { StallWatch, type StallWatchDeps } from "./stall-watch.ts";

const checkMs = 10_000;
const control = { pause() {}, resume() {}, seek() {} };

// A claim takes its time from performance.now, in fractions of a millisecond: x + 10,000 - x may round to less than 10,000.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A watch over one partition that is at 5 of `high`, on a clock that stands still until it is moved. */
function world(more: Partial<StallWatchDeps> = {}) {
  const claim = new Claim({ topic: "t", partition: 1 }, control);
  claim.announced = true;
  claim.release(5n);
  const state = { nowMs: claim.movedAtMs, high: 5n, awaySinceMs: undefined as number | undefined, batchesInHand: 0 };
  let asked = 0;
  const watch = new StallWatch({
    checkMs,
    joinLimitMs: 90_000,
    claims: () => [claim],
    session: () => state,
    async offsetsOf() {
      asked++;
      return [{ partition: 1, lowOffset: 0n, highOffset: state.high }];
    },
    nowMs: () => state.nowMs,
    ...more,
  });
  const lookLater = () => {
    state.nowMs += checkMs;
    return watch.look();
  };
  return { claim, state, lookLater, asked: () => asked };
}

test("a partition that is behind at the same place in two looks is stalled", async () => {
  const { state, lookLater } = world();
  state.high = 8n;
  expect(await lookLater()).toBeUndefined();
  expect(await lookLater()).toEqual({
    what: "behind",
    partitions: [{ topic: "t", partition: 1, position: 5n, highOffset: 8n }],
    quietMs: 2 * checkMs,
  });
});

test("one that moves between the looks is not", async () => {
  const { claim, state, lookLater } = world();
  state.high = 8n;
  await lookLater();
  claim.position = 6n;
  claim.movedAtMs = state.nowMs - checkMs;
  expect(await lookLater()).toBeUndefined();
  expect(claim.highOffset).toBe(8n);
});

test("while another partition moves, one that is behind is given more time", async () => {
  const other = new Claim({ topic: "t", partition: 2 }, control);
  other.announced = true;
  other.release(0n);
  const claims: Claim[] = [other];
  const { claim, state, lookLater } = world({ claims: () => claims });
  claims.push(claim);
  state.high = 8n;
  const found = [];
  for (let looks = 0; looks < 6; looks++) {
    other.movedAtMs = state.nowMs + checkMs;
    found.push((await lookLater())?.partitions.map(({ partition }) => partition));
  }
  expect(found).toEqual([undefined, undefined, undefined, undefined, undefined, [1]]);
});

test("one that is paused, or held, or waits behind a batch that is being taken, is not asked for", async () => {
  const { claim, state, lookLater, asked } = world();
  state.high = 8n;
  claim.pause();
  for (let looks = 0; looks < 5; looks++) expect(await lookLater()).toBeUndefined();
  claim.resume();
  claim.hold();
  for (let looks = 0; looks < 5; looks++) expect(await lookLater()).toBeUndefined();
  claim.release(5n);
  state.batchesInHand = 1;
  for (let looks = 0; looks < 5; looks++) expect(await lookLater()).toBeUndefined();
  expect(asked()).toBe(0);
});

test("control records at the end are nothing that is missing", async () => {
  const { claim, state, lookLater } = world();
  state.high = 6n;
  claim.stepTo(6n);
  for (let looks = 0; looks < 5; looks++) expect(await lookLater()).toBeUndefined();
});

test("an idle consumer asks the brokers now and then, not in each look", async () => {
  const { lookLater, asked } = world();
  for (let looks = 0; looks < 9; looks++) await lookLater();
  expect(asked()).toBe(3);
});

test("a claim whose start is not found out for long, a join that takes too long, a commit without an answer are told", async () => {
  const { claim, state, lookLater } = world();
  claim.announced = false;
  const found = [];
  for (let looks = 0; looks < 5; looks++) found.push((await lookLater())?.what);
  expect(found).toEqual([undefined, undefined, undefined, undefined, "unplaced"]);
  claim.commitThrough(() => new Promise(() => {}));
  void claim.commit(5n);
  state.nowMs = performance.now();
  expect((await lookLater())?.what).toBeUndefined();
  state.nowMs += 3 * checkMs;
  expect((await lookLater())?.what).toBe("uncommitted");
  state.awaySinceMs = state.nowMs;
  state.nowMs += 90_000;
  expect(await lookLater()).toEqual({ what: "unjoined", partitions: [], quietMs: expect.closeTo(100_000, 1) });
});

test("brokers that leave the question unanswered again and again are told", async () => {
  const { lookLater } = world({ offsetsOf: () => Promise.reject(new Error("no leader")) });
  expect(await lookLater()).toBeUndefined();
  expect(await lookLater()).toBeUndefined();
  expect(await lookLater()).toMatchObject({ what: "unanswered", cause: new Error("no leader") });
});
