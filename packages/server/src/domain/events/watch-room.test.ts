import { create } from "@bufbuild/protobuf";
import { ErrorReason, HoldState, WatchRoomRequestSchema } from "@maru/protocol";
import { beforeEach, expect, test } from "vitest";
import { creation, textEntry } from "../../../test/store-fixtures.ts";
import { settle, TurnedClock } from "../../../test/turned-clock.ts";
import { MaruError } from "../../errors.ts";
import { createMemoryStore } from "../../store/memory.ts";
import type { Store } from "../store.ts";
import { createPolledTails, type PolledTails } from "./polled-tails.ts";
import { watchRoom } from "./watch-room.ts";

let clock: TurnedClock;
let reads: number;
let away: boolean;
let store: Store;
let tails: PolledTails;
beforeEach(async () => {
  clock = new TurnedClock();
  reads = 0;
  away = false;
  const memory = createMemoryStore();
  store = {
    ...memory,
    readEntries(range) {
      reads += 1;
      if (away) throw new MaruError(ErrorReason.STORE_UNAVAILABLE);
      return memory.readEntries(range);
    },
  };
  tails = createPolledTails({ store, alarm: clock.alarm, minPollMs: 50, maxPollMs: 1_000 });
  const { entry, change } = creation("r1", ["ann"]);
  await store.putEntryWithState(entry, change);
});

/** What another server writes: this one is not told. */
async function writeElsewhere(...seqs: number[]): Promise<void> {
  for (const seq of seqs) await store.putEntry(textEntry("r1", seq));
}

async function writeHere(seq: number): Promise<void> {
  const logged = textEntry("r1", seq);
  await store.putEntry(logged);
  tails.stored(logged.entry);
}

function watch({ roomId = "r1", after = 0, heartbeatMs = 0 } = {}) {
  const [left, draining] = [new AbortController(), new AbortController()];
  const call = { caller: "tests", method: { name: "tests" }, signal: left.signal, draining: draining.signal };
  const request = create(WatchRoomRequestSchema, { roomId, after, heartbeatMs });
  const parts = watchRoom({ store, clock, alarm: clock.alarm, tails }, call, request);
  const seen: (number | string)[] = [];
  const end = (async () => {
    for await (const { kind } of parts) {
      if (kind?.case === "entries") seen.push(...(kind.value.entries ?? []).map(({ seq = 0 }) => seq));
      else if (kind?.case === "heartbeat") seen.push(`♥${kind.value.lastSeq}`);
      else if (kind?.case === "ending") seen.push(`end ${kind.value.resumeAfter}`);
    }
    return "ended";
  })().catch((failure: unknown) => failure);
  return {
    seen,
    end,
    parts,
    leave: () => left.abort(new MaruError(ErrorReason.CANCELLED)),
    drain: () => draining.abort(),
  };
}

async function refusalOf(watched: { readonly end: Promise<unknown> }) {
  const error = await watched.end;
  if (!(error instanceof MaruError)) throw new Error("the watch was to be refused", { cause: error });
  return { reason: error.reason, metadata: error.metadata };
}

test("first comes what is there, then a heartbeat, then what is stored here, at once and without a read", async () => {
  await writeElsewhere(...range(2, 120));
  const watched = watch();
  await settle();
  expect(watched.seen).toEqual([...range(1, 120), "♥120"]);
  const before = reads;
  await writeHere(121);
  await writeHere(122);
  await settle();
  expect(watched.seen.slice(-2)).toEqual([121, 122]);
  expect(reads).toBe(before);
});

test("what others store is found by looking, soon in a conversation and at last once in a second", async () => {
  const watched = watch({ after: 1, heartbeatMs: 60_000 });
  await settle();
  await writeElsewhere(2, 3);
  await clock.turn(49);
  expect(watched.seen).toEqual(["♥1"]);
  await clock.turn(1);
  expect(watched.seen).toEqual(["♥1", 2, 3]);
  const busy = reads;
  await clock.turn(1_000);
  expect(reads - busy).toBeGreaterThan(8);
  await clock.turn(20_000);
  const quiet = reads;
  await clock.turn(10_000);
  expect(reads - quiet).toBe(10);
  await writeElsewhere(4);
  await clock.turn(1_000);
  expect(watched.seen.at(-1)).toBe(4);
  await writeElsewhere(5);
  await clock.turn(200);
  expect(watched.seen.at(-1)).toBe(5);
});

test("an entry of this process that follows one of another brings both, in order", async () => {
  const watched = watch({ after: 1 });
  await settle();
  await writeElsewhere(2);
  await writeHere(3);
  await settle();
  expect(watched.seen).toEqual(["♥1", 2, 3]);
});

test("a room is looked at once however many watch it, and all of them get each entry once", async () => {
  const watched = Array.from({ length: 50 }, () => watch({ after: 1, heartbeatMs: 60_000 }));
  await settle();
  await clock.turn(30_000);
  const quiet = reads;
  await clock.turn(10_000);
  expect(reads - quiet).toBe(10);
  await writeElsewhere(2);
  await clock.turn(1_000);
  expect(reads - quiet).toBeLessThan(30);
  await writeHere(3);
  await settle();
  for (const { seen } of watched) expect(seen).toEqual(["♥1", 2, 3]);
});

test("each silence is ended by a heartbeat with the time of the server", async () => {
  const watched = watch({ after: 1, heartbeatMs: 2_000 });
  await clock.turn(5_000);
  expect(watched.seen).toEqual(["♥1", "♥1", "♥1"]);
  await writeHere(2);
  await clock.turn(1_999);
  expect(watched.seen.slice(3)).toEqual([2]);
  await clock.turn(1);
  expect(watched.seen.slice(3)).toEqual([2, "♥2"]);
  const byDefault = watch({ after: 2 });
  await clock.turn(10_000);
  expect(byDefault.seen).toEqual(["♥2", "♥2"]);
});

test("when the server shuts down, the last part says where to go on, also for a reader who is busy", async () => {
  await writeElsewhere(...range(2, 60));
  const live = watch();
  const busy = watch();
  await settle();
  const slow = watch();
  live.drain();
  busy.drain();
  slow.drain();
  expect(await Promise.all([live.end, busy.end, slow.end])).toEqual(["ended", "ended", "ended"]);
  expect(live.seen.at(-1)).toBe("end 60");
  expect(slow.seen.at(-1)).toBe(`end ${slow.seen.filter((one) => typeof one === "number").length}`);
});

test("of a watch that ends nothing is left: no alarm, no room, no look at the table", async () => {
  const watched = [watch({ after: 1 }), watch(), watch({ after: 1 }), watch({ roomId: "nowhere" })];
  await clock.turn(3_000);
  expect(tails.roomCount).toBe(1);
  watched[0]?.leave();
  watched[1]?.drain();
  watched[2]?.leave();
  await Promise.all(watched.map(({ end }) => end));
  expect([tails.roomCount, clock.alarmCount]).toEqual([0, 0]);
  const before = reads;
  await clock.turn(60_000);
  expect(reads).toBe(before);
});

test("a caller who gave up ends the watch with the reason", async () => {
  const watched = watch({ after: 1 });
  await settle();
  watched.leave();
  expect(await refusalOf(watched)).toMatchObject({ reason: ErrorReason.CANCELLED });
});

test("a reader who is slow gets everything from the table, and nothing is kept for them", async () => {
  const request = create(WatchRoomRequestSchema, { roomId: "r1" });
  const never = new AbortController().signal;
  const call = { caller: "tests", method: { name: "tests" }, signal: never, draining: never };
  const parts = watchRoom({ store, clock, alarm: clock.alarm, tails }, call, request);
  const seen: number[] = [];
  const read = async () => {
    const { value } = await parts.next();
    if (value?.kind?.case === "entries") seen.push(...(value.kind.value.entries ?? []).map(({ seq = 0 }) => seq));
  };
  await read();
  await read();
  for (const seq of range(2, 200)) await writeHere(seq);
  const before = reads;
  await clock.turn(60_000);
  expect(reads).toBe(before);
  for (let n = 0; n < 4; n++) await read();
  expect(seen).toEqual(range(1, 200));
  await parts.return(undefined);
  expect(tails.roomCount).toBe(0);
});

test("a room that is unknown, and a number that the room does not have yet, are refused", async () => {
  expect(await refusalOf(watch({ roomId: "nowhere" }))).toEqual({
    reason: ErrorReason.ROOM_NOT_FOUND,
    metadata: { room_id: "nowhere" },
  });
  expect(await refusalOf(watch({ after: 2 }))).toEqual({
    reason: ErrorReason.SEQ_BEYOND_END,
    metadata: { room_id: "r1", seq: "2", last_seq: "1" },
  });
});

test("a watch that would pass over what retention took is refused, and goes on behind it", async () => {
  await writeElsewhere(...range(2, 10));
  await store.raisePurgedBelow("r1", 8);
  await store.deleteEntries("r1", [3, 4, 6, 7]);
  const whole = watch();
  expect(await refusalOf(whole)).toEqual({
    reason: ErrorReason.ENTRY_PURGED,
    metadata: { room_id: "r1", seq: "3", purged_below: "8" },
  });
  expect(whole.seen).toEqual([1, 2]);
  const behind = watch({ after: 7 });
  await settle();
  expect(behind.seen).toEqual([8, 9, 10, "♥10"]);
});

test("a hole that retention did not make is a failure, never passed over", async () => {
  await writeElsewhere(2, 3);
  await store.deleteEntries("r1", [2]);
  const watched = watch();
  expect(await watched.end).toMatchObject({ message: "the log of r1 lacks entry 2, which retention did not take" });
});

test("a table that is away is waited for, but not longer than a heartbeat may be late", async () => {
  const watched = watch({ after: 1, heartbeatMs: 2_000 });
  await settle();
  away = true;
  await clock.turn(1_000);
  away = false;
  await writeElsewhere(2);
  await clock.turn(500);
  expect(watched.seen).toEqual(["♥1", 2]);
  away = true;
  await clock.turn(2_000);
  expect(await refusalOf(watched)).toMatchObject({ reason: ErrorReason.STORE_UNAVAILABLE });
  expect([tails.roomCount, clock.alarmCount]).toEqual([0, 0]);
});

test("a held message has its number and no content", async () => {
  const held = textEntry("r1", 2);
  Object.assign(held.entry.body.value ?? {}, { holdState: HoldState.HELD });
  await store.putEntry(held);
  const never = new AbortController().signal;
  const call = { caller: "tests", method: { name: "tests" }, signal: never, draining: never };
  const request = create(WatchRoomRequestSchema, { roomId: "r1", after: 1 });
  const parts = watchRoom({ store, clock, alarm: clock.alarm, tails }, call, request);
  const { value } = await parts.next();
  await parts.return(undefined);
  expect(value).toMatchObject({
    kind: { value: { entries: [{ seq: 2, body: { value: { content: undefined, holdState: HoldState.HELD } } }] } },
  });
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
