import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { PartitionClaim } from "@maru/kafka";
import {
  type DeadLetter,
  DeadLetterSchema,
  DeadLetterState,
  deadLetterKey,
  type Entry,
  EntrySchema,
} from "@maru/protocol";
import { expect, test } from "vitest";
import { MaruError } from "../errors.ts";
import { createHandlerSlots } from "./handler-slots.ts";
import type { AnyEvent, Handlers } from "./handlers.ts";
import { createHealer } from "./healer.ts";
import type { FetchedEvent } from "./lane.ts";
import type { LetterBox } from "./letter-topics.ts";
import type { LetterChange, Letters } from "./letters.ts";
import { observe } from "./observation.ts";
import { createPartitionWork, type PartitionWorkDeps } from "./partition-work.ts";
import type { PositionStore } from "./position-store.ts";
import type { EntrySource } from "./subscribe.ts";

const { PARKED, SKIPPED, REDRIVE_REQUESTED } = DeadLetterState;
const nobody = { group: "g", topic: "t", inFlightCount: 0, lag: () => ({ partitions: [], rooms: [] }) };

function letter(seq: number, state: DeadLetterState): DeadLetter {
  return create(DeadLetterSchema, { group: "g", roomId: "a", seq, state, topic: "t", partition: 0, attemptCount: 3 });
}

function entryOf(seq: number): Entry {
  return create(EntrySchema, { roomId: "a", seq, type: "room_frozen", body: { case: "roomFrozen", value: {} } });
}

function fetched(seq: number, offset: bigint): FetchedEvent {
  const entry = entryOf(seq);
  const facts = { roomId: "a", seq, entry, type: entry.type, committedAt: undefined, streamedAt: undefined };
  const event = {
    ...facts,
    relayedAt: undefined,
    healed: false,
    kind: "roomFrozen",
    body: entry.body.value,
  } as AnyEvent;
  const record = { topic: "t", partition: 0, offset, key: null, value: null, headers: {}, timestampMs: 0 };
  return { event, record, receivedAt: new Date(0) };
}

/** Letters in memory. `onWrite` is what others write while a write is under way: behind it in the topic. */
function lettersOf(standing: Partial<Record<LetterBox, DeadLetter[]>>) {
  const keyOf = (box: LetterBox, { roomId, seq }: DeadLetter) =>
    `${box} ${box === "parked" ? roomId : deadLetterKey(roomId, seq)}`;
  const stands = new Map<string, DeadLetter>();
  const written: string[] = [];
  let tell: (change: LetterChange) => void = () => {};
  const hooks: { onWrite?: (() => void) | undefined } = {};
  for (const box of ["parked", "skipped"] as const)
    for (const one of standing[box] ?? []) stands.set(keyOf(box, one), one);
  const say = (box: LetterBox, now: DeadLetter) => {
    const before = stands.get(keyOf(box, now));
    stands.set(keyOf(box, now), now);
    tell({ box, before, now, handledSeq: undefined });
  };
  const stored = async (what: string) => {
    written.push(what);
    const { onWrite } = hooks;
    hooks.onWrite = undefined;
    onWrite?.();
    await Promise.resolve();
  };
  const letters: Letters = {
    isEmpty: () => false,
    caughtUp: async () => {},
    parked: (_, roomId) => stands.get(`parked ${roomId}`),
    skipped: (_, roomId, seq) => stands.get(`skipped ${deadLetterKey(roomId, seq)}`),
    asked: () =>
      [...stands].flatMap(([key, one]) => {
        const box = key.startsWith("parked") ? "parked" : "skipped";
        return one.state === REDRIVE_REQUESTED ? [{ box, letter: one }] : [];
      }),
    watch(_, onChange) {
      tell = onChange;
    },
    async write(box, one) {
      stands.set(keyOf(box, one), one);
      await stored(`${box} ${one.seq} ${DeadLetterState[one.state]}`);
    },
    async erase(box, one, handledSeq) {
      stands.delete(keyOf(box, one));
      await stored(`${box} over, done to ${handledSeq}`);
    },
    close: async () => {},
  };
  return { letters, written, say, hooks };
}

interface Setting<Tx> extends Partial<PartitionWorkDeps<Tx>> {
  readonly standing?: Partial<Record<LetterBox, DeadLetter[]>>;
  /** Answers reads of the log. Default: a log of ten entries. */
  readonly read?: (after: number) => Promise<{ seqs: number[]; isLast: boolean }>;
  /** Whether the brokers take a commit. Default: they do. */
  readonly isHeld?: boolean;
}

const upTo = (last: number) => async (after: number) => {
  const seqs = Array.from({ length: Math.max(0, last - after) }, (_, at) => after + 1 + at);
  return { seqs: seqs.slice(0, 200), isLast: seqs.length <= 200 };
};

function startWork<Tx = undefined>(
  handlers: Handlers<Tx>,
  { standing = {}, read = upTo(10), isHeld = true, ...changes }: Setting<Tx>,
) {
  const commits: bigint[] = [];
  const failures: unknown[] = [];
  const warnings: string[] = [];
  const kept = lettersOf(standing);
  const listEntries = async ({ after = 0 }) => {
    const { seqs, isLast } = await read(after);
    return { entries: seqs.map(entryOf), nextPageToken: isLast ? "" : "more" };
  };
  const warn = ({ code }: { code: string }) => void warnings.push(code);
  const claim: PartitionClaim = {
    ...{ topic: "t", partition: 0, startOffset: 0n, startsFrom: "committed", position: 0n, highOffset: 0n },
    signal: new AbortController().signal,
    commit: async (next) => commits.push(next) > 0 && isHeld,
    pause() {},
    resume() {},
    seek() {},
  };
  const work = createPartitionWork<Tx>(
    {
      ...{
        group: "g",
        handlers,
        positions: undefined,
        slots: createHandlerSlots(16),
        commitIntervalMs: 1,
        maxRooms: 100,
      },
      observation: observe({ tracing: undefined, metrics: undefined, steadyMs: () => 0 }, nobody),
      healer: createHealer({ source: { events: { listEntries } } as unknown as EntrySource, random: () => 0, warn }),
      letters: kept.letters,
      onFailure: "park",
      retry: { maxAttempts: 2, firstBackoffMs: 1, maxBackoffMs: 1 },
      drainSignal: new AbortController().signal,
      random: () => 1,
      warn,
      skipped: () => {},
      fail: (error) => void failures.push(error),
      ...changes,
    },
    claim,
  );
  return { work, commits, failures, warnings, ...kept };
}

test("a replay goes on while events pass by behind what it read, also when the server has not heard of them yet", async () => {
  const gate = Promise.withResolvers<void>();
  const answers: { seqs: number[]; isLast: boolean }[] = [
    { seqs: [3, 4, 5], isLast: true },
    { seqs: [], isLast: true },
    { seqs: [6], isLast: true },
  ];
  const seqs: number[] = [];
  const { work, commits, written, failures, warnings } = startWork(
    {
      any({ seq }) {
        seqs.push(seq);
        return seq === 5 ? gate.promise : undefined;
      },
    },
    {
      standing: { parked: [letter(3, REDRIVE_REQUESTED)] },
      read: async () => answers.shift() ?? { seqs: [], isLast: true },
    },
  );
  await expect.poll(() => seqs).toEqual([3, 4, 5]);
  work.take([fetched(6, 0n)]);
  await expect.poll(() => commits.at(-1)).toBe(1n);
  gate.resolve();
  await expect.poll(() => written).toEqual(["parked over, done to 6"]);
  work.take([fetched(6, 1n), fetched(7, 2n)]);
  await expect.poll(() => commits.at(-1)).toBe(3n);
  expect([seqs, failures, warnings]).toEqual([[3, 4, 5, 6, 7], [], ["healDelayed"]]);
});

test("what comes while the letter is being removed waits, and is handled behind the replay", async () => {
  const seqs: number[] = [];
  const { work, commits, written, hooks } = startWork(
    { any: ({ seq }) => void seqs.push(seq) },
    { standing: { parked: [letter(9, REDRIVE_REQUESTED)] } },
  );
  hooks.onWrite = () => work.take([fetched(10, 0n), fetched(11, 1n)]);
  await expect.poll(() => commits.at(-1)).toBe(2n);
  expect([seqs, written]).toEqual([[9, 10, 11], ["parked over, done to 10"]]);
});

test("a long replay writes down how far it is, page by page", async () => {
  const { written } = startWork(
    { any: () => {} },
    { standing: { parked: [letter(3, REDRIVE_REQUESTED)] }, read: upTo(450) },
  );
  await expect
    .poll(() => written)
    .toEqual(["parked 203 REDRIVE_REQUESTED", "parked 403 REDRIVE_REQUESTED", "parked over, done to 450"]);
});

test("when somebody else parks a room, what runs for it no longer counts, and its events pass by", async () => {
  const gate = Promise.withResolvers<void>();
  const seqs: number[] = [];
  const { work, commits, failures, say } = startWork(
    {
      any({ seq }) {
        seqs.push(seq);
        return gate.promise;
      },
    },
    {},
  );
  work.take([fetched(3, 0n), fetched(4, 1n)]);
  await expect.poll(() => seqs).toEqual([3]);
  say("parked", letter(3, PARKED));
  await expect.poll(() => commits.at(-1)).toBe(2n);
  gate.resolve();
  work.take([fetched(5, 2n)]);
  await expect.poll(() => commits.at(-1)).toBe(3n);
  expect([seqs, failures]).toEqual([[3], []]);
});

test.for([true, false])(
  "the letter of what has been done here is removed, but not by who has lost the partition without knowing: %s",
  async (isHeld) => {
    const { work, written, say, commits } = startWork({ roomFrozen: () => {} }, { onFailure: "park", isHeld });
    work.take([fetched(1, 0n), fetched(2, 1n), fetched(3, 2n)]);
    await expect.poll(() => commits.at(-1)).toBe(3n);
    say("parked", letter(3, PARKED));
    await expect.poll(() => commits.length).toBeGreaterThan(1);
    await new Promise(setImmediate);
    expect(written).toEqual(isHeld ? ["parked over, done to 3"] : []);
  },
);

test("a request that was written over a newer letter, from an older one, loses nothing of what waits", async () => {
  const seqs: number[] = [];
  let isBad = true;
  const { work, written, say } = startWork(
    {
      roomFrozen({ seq }) {
        if (seq === 3 && isBad) throw new Error("a bad day");
        seqs.push(seq);
      },
    },
    { onFailure: "park", read: upTo(5) },
  );
  work.take([fetched(1, 0n), fetched(2, 1n), fetched(3, 2n), fetched(4, 3n), fetched(5, 4n)]);
  await expect.poll(() => written).toEqual(["parked 3 PARKED"]);
  isBad = false;
  say("parked", letter(1, REDRIVE_REQUESTED));
  await expect.poll(() => written).toEqual(["parked 3 PARKED", "parked over, done to 5"]);
  expect(seqs).toEqual([1, 2, 3, 4, 5]);
});

test("a request that comes while the room is being parked is done", async () => {
  let isPoison = true;
  const seqs: number[] = [];
  const { work, written, say, hooks } = startWork(
    {
      any({ seq }) {
        if (isPoison) throw new Error("poison");
        seqs.push(seq);
      },
    },
    {},
  );
  hooks.onWrite = () => {
    isPoison = false;
    say("parked", letter(9, REDRIVE_REQUESTED));
  };
  work.take([fetched(9, 0n)]);
  await expect.poll(() => written).toEqual(["parked 9 PARKED", "parked over, done to 10"]);
  expect(seqs).toEqual([9, 10]);
});

test("an event whose letter stands is not handled when it comes again, and the room goes on", async () => {
  const seqs: number[] = [];
  const { work, commits } = startWork(
    { any: ({ seq }) => void seqs.push(seq) },
    { standing: { skipped: [letter(3, SKIPPED)] }, onFailure: "skip" },
  );
  work.take([fetched(3, 0n), fetched(4, 1n)]);
  await expect.poll(() => commits.at(-1)).toBe(2n);
  expect(seqs).toEqual([4]);
});

test("a replay that fails parks its room again, also where events are skipped", async () => {
  const { written, failures } = startWork(
    {
      any() {
        throw new Error("poison");
      },
    },
    { standing: { parked: [letter(3, REDRIVE_REQUESTED)] }, onFailure: "skip" },
  );
  await expect.poll(() => written).toEqual(["parked 3 PARKED"]);
  expect(failures).toEqual([]);
});

/** Positions in memory, and what was processed. */
function positionsOf(stored: Record<string, number>) {
  const seqs = new Map(Object.entries(stored));
  const processed: string[] = [];
  const positions: PositionStore<Map<string, number>> = {
    load: async (_, roomId) => seqs.get(roomId),
    async process({ roomId, seq }, work) {
      if ((seqs.get(roomId) ?? 0) >= seq) return "repeat";
      const tx = new Map<string, number>();
      await work(tx);
      processed.push(`${roomId} ${seq}`);
      seqs.set(roomId, seq);
      for (const [name, zero] of tx) seqs.set(name, seqs.get(name) ?? zero);
      return "processed";
    },
    ensure: (tx, { roomId }) => void tx.set(roomId, 0),
  };
  return { positions, seqs, processed };
}

test("a redelivered event has a position of its own, and a request that comes while it is put back is done", async () => {
  const { positions, processed } = positionsOf({ a: 40, "a/3": 0 });
  let isPoison = true;
  const { written, say, hooks, failures } = startWork<Map<string, number>>(
    {
      any(_, { redelivered }) {
        expect(redelivered).toBe(true);
        if (isPoison) throw new Error("poison");
      },
    },
    { standing: { skipped: [letter(3, REDRIVE_REQUESTED)] }, onFailure: "skip", positions },
  );
  hooks.onWrite = () => {
    isPoison = false;
    say("skipped", letter(3, REDRIVE_REQUESTED));
  };
  await expect.poll(() => written).toEqual(["skipped 3 SKIPPED", "skipped over, done to 3"]);
  expect([processed, failures]).toEqual([["a/3 3"], []]);
});

test("a skipped event whose room was moved beyond it by a handler elsewhere is not redelivered", async () => {
  const { positions, processed } = positionsOf({ a: 3 });
  const { written } = startWork<Map<string, number>>(
    { any: () => expect.unreachable() },
    { standing: { skipped: [letter(3, REDRIVE_REQUESTED)] }, onFailure: "skip", positions },
  );
  await expect.poll(() => written).toEqual(["skipped over, done to 3"]);
  expect(processed).toEqual([]);
});

test("a skipped event that comes again is settled in the store, where that was not done, before its room goes on", async () => {
  const { positions, seqs, processed } = positionsOf({ a: 2 });
  const handled: number[] = [];
  const { work, commits, say, written } = startWork<Map<string, number>>(
    { any: ({ seq }) => void handled.push(seq) },
    { standing: { skipped: [letter(3, SKIPPED)] }, onFailure: "skip", positions },
  );
  work.take([fetched(3, 0n), fetched(4, 1n)]);
  await expect.poll(() => commits.at(-1)).toBe(2n);
  expect([handled, processed, seqs.get("a/3")]).toEqual([[4], ["a 3", "a 4"], 0]);
  say("skipped", letter(3, REDRIVE_REQUESTED));
  await expect.poll(() => written).toEqual(["skipped over, done to 3"]);
  expect(handled).toEqual([4, 3]);
});

test("a skipped event is not done while the store has not settled it", async () => {
  const away = new Error("the store is away");
  const positions: PositionStore<undefined> = {
    load: async () => 2,
    ensure: () => {},
    process: (_, work) => work(undefined).then(() => Promise.reject(away)),
  };
  const { work, commits, written } = startWork(
    {
      any() {
        throw new Error("poison");
      },
    },
    { onFailure: "skip", positions },
  );
  work.take([fetched(3, 0n)]);
  await expect.poll(() => written).toEqual(["skipped 3 SKIPPED"]);
  work.stop();
  await new Promise(setImmediate);
  await work.commitLast();
  expect(commits).toEqual([]);
});

test("a parked room whose log may not be read stays parked, and says why", async () => {
  const refused = new MaruError({ message: "not for you", reason: 0, code: Code.PermissionDenied });
  const { written, warnings, letters } = startWork(
    { any: () => {} },
    { standing: { parked: [letter(3, REDRIVE_REQUESTED)] }, read: () => Promise.reject(refused) },
  );
  await expect.poll(() => written).toEqual(["parked 3 PARKED"]);
  expect(letters.parked(0, "a")).toMatchObject({ seq: 3, attemptCount: 3, error: "not for you" });
  expect(warnings).toEqual(["parked"]);
});
