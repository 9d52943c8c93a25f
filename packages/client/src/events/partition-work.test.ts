import { create } from "@bufbuild/protobuf";
import type { PartitionClaim } from "@maru/kafka";
import { type DeadLetter, DeadLetterSchema, DeadLetterState, EntrySchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { HandlerFailedError } from "./errors.ts";
import { createHandlerSlots } from "./handler-slots.ts";
import type { EventOf, GapEvent, Handlers } from "./handlers.ts";
import { createHealer } from "./healer.ts";
import type { FetchedEvent } from "./lane.ts";
import type { Letters } from "./letters.ts";
import { observe } from "./observation.ts";
import { createPartitionWork, type PartitionWorkDeps } from "./partition-work.ts";
import type { PositionStore } from "./position-store.ts";
import type { EntrySource } from "./subscribe.ts";
import type { ConsumerWarning } from "./warning.ts";

const nobody = { group: "g", topic: "t", inFlightCount: 0, lag: () => ({ partitions: [], rooms: [] }) };

/** The work on a partition whose claim writes down what is asked of it. */
function startWork<Tx = undefined>(handlers: Handlers<Tx>, changes: Partial<PartitionWorkDeps<Tx>> = {}) {
  const commits: bigint[] = [];
  const fetching: string[] = [];
  const warnings: ConsumerWarning[] = [];
  const failures: unknown[] = [];
  const lost = new AbortController();
  const claim: PartitionClaim = {
    topic: "t",
    partition: 0,
    startOffset: 0n,
    startsFrom: "committed",
    position: 0n,
    highOffset: 0n,
    signal: lost.signal,
    commit: async (nextOffset) => {
      if (!lost.signal.aborted) commits.push(nextOffset);
      return !lost.signal.aborted;
    },
    pause: () => void fetching.push("pause"),
    resume: () => void fetching.push("resume"),
    seek: () => {},
  };
  const work = createPartitionWork(
    {
      group: "g",
      handlers,
      positions: undefined,
      observation: observe({ tracing: undefined, metrics: undefined, steadyMs: () => 0 }, nobody),
      slots: createHandlerSlots(16),
      letters: undefined,
      onFailure: "stop",
      healer: createHealer({ source: logOf(1000), random: () => 0, warn: (warning) => void warnings.push(warning) }),
      retry: { maxAttempts: 3, firstBackoffMs: 1, maxBackoffMs: 1 },
      commitIntervalMs: 1,
      maxRooms: 100,
      drainSignal: new AbortController().signal,
      random: () => 1,
      warn: (warning) => void warnings.push(warning),
      skipped: () => {},
      fail: (error) => {
        failures.push(error);
        work.stop();
      },
      ...changes,
    },
    claim,
  );
  return { work, commits, fetching, warnings, failures, lost };
}

/** A table whose rooms all have so many entries, of which retention has taken what is below. */
function logOf(lastSeq: number, purgedBelow = 1): EntrySource {
  const listEntries = async ({ roomId = "", after = 0, pageSize = 0 }) => {
    const first = Math.max(after + 1, purgedBelow);
    const entries = Array.from({ length: lastSeq - first + 1 }, (_, at) => entryOf(roomId, first + at));
    return { entries: entries.slice(0, pageSize), nextPageToken: entries.length > pageSize ? "more" : "" };
  };
  return { events: { listEntries } } as unknown as EntrySource;
}

function entryOf(roomId: string, seq: number) {
  return create(EntrySchema, { roomId, seq, type: "room_unfrozen", body: { case: "roomUnfrozen", value: {} } });
}

function fetched(roomId: string, seq: number, offset: bigint, sizeBytes = 10): FetchedEvent {
  const entry = entryOf(roomId, seq);
  if (entry.body.case !== "roomUnfrozen") throw new Error("the body is set right above");
  const at = { committedAt: undefined, streamedAt: undefined, relayedAt: undefined };
  const facts = { roomId, seq, entry, type: entry.type, ...at, healed: false };
  const event: EventOf<"roomUnfrozen"> = { ...facts, kind: "roomUnfrozen", body: entry.body.value };
  const value = new Uint8Array(sizeBytes);
  const record = { topic: "t", partition: 0, offset, key: null, value, headers: {}, timestampMs: 0 };
  return { event, record, receivedAt: new Date(0) };
}

test("a failing event holds up its room and the commit, and no other room", async () => {
  const handled: string[] = [];
  const { work, commits, warnings } = startWork({
    roomUnfrozen({ roomId, seq }, { attempt }) {
      if (roomId === "a" && seq === 1 && attempt < 3) throw new Error("not yet");
      handled.push(`${roomId}${seq}`);
    },
  });
  work.take([fetched("a", 1, 0n), fetched("b", 1, 1n), fetched("a", 2, 2n), fetched("b", 2, 3n)]);
  await expect.poll(() => commits.at(-1)).toBe(4n);
  expect(handled).toEqual(["b1", "b2", "a1", "a2"]);
  expect(warnings.map(({ code, roomId, seq }) => [code, roomId, seq])).toEqual([
    ["handlerFailed", "a", 1],
    ["handlerFailed", "a", 1],
  ]);
});

test("the servers' canary reaches no handler, and counts as done", async () => {
  const handled: string[] = [];
  const any = ({ roomId }: { roomId: string }) => void handled.push(roomId);
  const { work, commits } = startWork({ any });
  work.take([fetched("maru.canary", 1, 0n), fetched("a", 1, 1n), fetched("maru.canary", 2, 2n)]);
  await expect.poll(() => commits.at(-1)).toBe(3n);
  expect(handled).toEqual(["a"]);
});

test("when no attempt is left the consumer fails, and nothing from that event on is committed", async () => {
  const { work, commits, failures } = startWork({
    roomUnfrozen({ seq }) {
      if (seq === 2) throw new Error("never");
    },
  });
  work.take([fetched("a", 1, 5n), fetched("a", 2, 6n), fetched("a", 3, 7n)]);
  await expect.poll(() => failures.length).toBe(1);
  await work.commitLast();
  expect(commits.at(-1)).toBe(6n);
  expect(failures[0]).toBeInstanceOf(HandlerFailedError);
  expect(failures[0]).toMatchObject({ roomId: "a", seq: 2, attempts: 3, offset: 6n, cause: new Error("never") });
});

test("what is missing is read from the table and comes in order, before the event that revealed it", async () => {
  const seen: string[] = [];
  const { work, warnings, commits } = startWork({
    gap: () => expect.unreachable(),
    roomUnfrozen({ seq, healed }, { attempt, offset, kafkaTimestamp }) {
      seen.push(`${seq}${healed ? ` healed at ${offset} ${kafkaTimestamp}` : ""}`);
      if (seq === 43 && attempt === 1) throw new Error("again");
    },
  });
  work.take([fetched("a", 41, 0n), fetched("a", 44, 1n), fetched("a", 42, 2n), fetched("a", 45, 3n)]);
  await expect.poll(() => commits.at(-1)).toBe(4n);
  const healed = (seq: number) => `${seq} healed at 1 undefined`;
  expect(seen).toEqual(["41", healed(42), healed(43), healed(43), "44", "45"]);
  expect(warnings.map(({ code }) => code)).toEqual(["handlerFailed"]);
});

test("what the table does not have either is a gap in its place, told once, and tried again like an event", async () => {
  const seen: (GapEvent | number)[] = [];
  let tries = 0;
  const warnings: ConsumerWarning[] = [];
  const warn = (warning: ConsumerWarning) => void warnings.push(warning);
  const { work, commits } = startWork(
    {
      gap(gap) {
        if (++tries < 3) throw new Error("again");
        seen.push(gap);
      },
      any: ({ seq }) => void seen.push(seq),
    },
    { healer: createHealer({ source: logOf(50, 44), random: () => 0, warn }), warn },
  );
  work.take([fetched("a", 41, 0n), fetched("a", 46, 1n)]);
  await expect.poll(() => commits.at(-1)).toBe(2n);
  const gap = { kind: "gap", roomId: "a", firstMissingSeq: 42, lastMissingSeq: 43, reason: "purged" };
  expect(seen).toEqual([41, gap, 44, 45, 46]);
  expect(warnings.map(({ code, seq }) => [code, seq])).toEqual([
    ["gap", 42],
    ["handlerFailed", 42],
    ["handlerFailed", 42],
  ]);
});

test("an entry that the relay could not read comes from the table, and is a gap where the table cannot read it either", async () => {
  const seen: (string | number)[] = [];
  const { work, commits } = startWork({
    gap: ({ lastMissingSeq, reason }) => void seen.push(`${lastMissingSeq} ${reason}`),
    any: ({ seq }) => void seen.push(seq),
  });
  const unreadable = (seq: number, offset: bigint) => {
    const event = { kind: "unreadable", roomId: "a", seq, why: "broken" } as const;
    return { ...fetched("a", seq, offset), event };
  };
  work.take([unreadable(998, 0n), fetched("a", 999, 1n), unreadable(998, 2n), unreadable(1001, 3n)]);
  await expect.poll(() => commits.at(-1)).toBe(4n);
  expect(seen).toEqual([998, 999, 1000, "1001 notFound"]);
});

test("while a room waits for the table, others go on, and stopping does not wait for it", async () => {
  const asked = Promise.withResolvers<void>();
  const source = {
    events: {
      listEntries(_: unknown, { signal }: { signal: AbortSignal }) {
        asked.resolve();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    },
  } as unknown as EntrySource;
  const handled: string[] = [];
  const { work, commits, failures, warnings } = startWork(
    { any: ({ roomId, seq }) => void handled.push(`${roomId}${seq}`) },
    { healer: createHealer({ source, random: () => 0, warn: () => {} }) },
  );
  work.take([fetched("a", 1, 0n), fetched("a", 3, 1n), fetched("b", 1, 2n), fetched("b", 2, 3n)]);
  await asked.promise;
  await expect.poll(() => handled).toEqual(["a1", "b1", "b2"]);
  work.stop();
  await work.commitLast();
  expect([commits.at(-1), failures, warnings]).toEqual([1n, [], []]);
});

test("with a store, a handler writes through its transaction, and what the store knows as done is not handed over", async () => {
  const stored = new Map<string, number>([["b", 1]]);
  const written: string[] = [];
  const positions: PositionStore<string[]> = {
    load: async (_, roomId) => stored.get(roomId),
    ensure: () => expect.unreachable(),
    async process({ group, roomId, seq, previousSeq }, work) {
      if ((stored.get(roomId) ?? 0) >= seq) return "repeat";
      const tx = [`${group} ${previousSeq}`];
      await work(tx);
      stored.set(roomId, seq);
      written.push(tx.join(" "));
      return "processed";
    },
  };
  const { work, commits } = startWork<string[]>(
    { any: ({ roomId, seq }, { tx }) => void tx.push(`${roomId}${seq}`) },
    { positions },
  );
  work.take([fetched("a", 1, 0n), fetched("b", 1, 1n), fetched("a", 2, 2n)]);
  await expect.poll(() => commits.at(-1)).toBe(3n);
  expect(written).toEqual(["g undefined a1", "g 1 a2"]);
});

test("with a store, what is missing right before a room's first event is seen, and healed", async () => {
  const stored = new Map<string, number>([["a", 40]]);
  let loads = 0;
  const positions: PositionStore<undefined> = {
    async load(_, roomId) {
      if (++loads === 1) throw new Error("the database is away");
      return stored.get(roomId);
    },
    ensure: () => expect.unreachable(),
    async process({ roomId, seq }, work) {
      await work(undefined);
      stored.set(roomId, seq);
      return "processed";
    },
  };
  const seqs: number[] = [];
  const { work, commits, warnings } = startWork({ any: ({ seq }) => void seqs.push(seq) }, { positions });
  work.take([fetched("a", 43, 0n), fetched("a", 44, 1n), fetched("b", 7, 2n)]);
  await expect.poll(() => commits.at(-1)).toBe(3n);
  expect(seqs.filter((seq) => seq > 7)).toEqual([41, 42, 43, 44]);
  expect([stored.get("a"), stored.get("b"), loads]).toEqual([44, 7, 3]);
  expect(warnings).toMatchObject([{ code: "positionDelayed", roomId: "a" }]);
});

test("with a store, the positions of events that nobody handles are stored from time to time only", async () => {
  const asked: number[] = [];
  const positions: PositionStore<undefined> = {
    load: async () => undefined,
    ensure: () => expect.unreachable(),
    async process({ seq }, work) {
      asked.push(seq);
      await work(undefined);
      return "processed";
    },
  };
  const { work, commits } = startWork({ messageSent: () => {} }, { positions });
  work.take(Array.from({ length: 250 }, (_, at) => fetched("a", at + 1, BigInt(at))));
  await expect.poll(() => commits.at(-1)).toBe(250n);
  expect(asked).toEqual([100, 200]);
});

test("a repeat is done as soon as its turn comes, and is not handed over", async () => {
  const seqs: number[] = [];
  const { work, commits } = startWork({ any: ({ seq }) => void seqs.push(seq) });
  work.take([1, 2, 1, 2, 3, 1, 3, 4].map((seq, at) => fetched("a", seq, BigInt(at))));
  await expect.poll(() => commits.at(-1)).toBe(8n);
  expect(seqs).toEqual([1, 2, 3, 4]);
});

test("events without a handler are done at once", async () => {
  const { work, commits } = startWork({ messageSent: () => {} });
  work.take([fetched("a", 1, 0n), fetched("a", 2, 1n)]);
  await expect.poll(() => commits.at(-1)).toBe(2n);
});

test("after stopping nothing begins, and what runs still counts", async () => {
  const gate = Promise.withResolvers<void>();
  const begun: number[] = [];
  const { work, commits } = startWork({
    any({ seq }) {
      begun.push(seq);
      return gate.promise;
    },
  });
  work.take([fetched("a", 1, 0n), fetched("a", 2, 1n)]);
  work.stop();
  work.take([fetched("b", 1, 2n)]);
  gate.resolve();
  await expect.poll(() => commits.at(-1)).toBe(1n);
  expect(begun).toEqual([1]);
});

test("a handler's signal aborts when the partition is lost, and nothing is committed any more", async () => {
  const ended = Promise.withResolvers<void>();
  const { work, commits, warnings, lost } = startWork({
    any: (_, { signal }) =>
      new Promise<void>((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason);
          ended.resolve();
        });
      }),
  });
  work.take([fetched("a", 1, 0n)]);
  work.stop();
  lost.abort();
  await ended.promise;
  await work.commitLast();
  expect([commits, warnings]).toEqual([[], []]);
});

test("fetching pauses while too many events wait, or too many bytes, and goes on when half are done", async () => {
  for (const [count, sizeBytes] of [
    [1100, 10],
    [10, 1024 * 1024],
  ] as const) {
    const gate = Promise.withResolvers<void>();
    const { work, fetching, commits } = startWork({ any: () => gate.promise });
    work.take(Array.from({ length: count }, (_, at) => fetched(`room-${at}`, 1, BigInt(at), sizeBytes)));
    expect(fetching).toEqual(["pause"]);
    gate.resolve();
    await expect.poll(() => commits.at(-1)).toBe(BigInt(count));
    expect(fetching).toEqual(["pause", "resume"]);
  }
});

test("an event that waits for a free slot when the work stops is not begun", async () => {
  const gate = Promise.withResolvers<void>();
  const begun: string[] = [];
  const slots = createHandlerSlots(1);
  const { work, commits } = startWork(
    {
      any({ roomId }) {
        begun.push(roomId);
        return gate.promise;
      },
    },
    { slots },
  );
  work.take([fetched("a", 1, 0n), fetched("b", 1, 1n)]);
  work.stop();
  gate.resolve();
  await expect.poll(() => commits.at(-1)).toBe(1n);
  await slots.settled();
  expect(begun).toEqual(["a"]);
});

test("fetching pauses when one event holds up the commit of very many that are done", async () => {
  const gate = Promise.withResolvers<void>();
  const { work, fetching, commits } = startWork({
    any: ({ seq, roomId }) => (roomId === "a" && seq === 2 ? gate.promise : undefined),
  });
  work.take([fetched("a", 1, 0n), fetched("a", 2, 1n)]);
  work.take(Array.from({ length: 20_000 }, (_, at) => fetched("b", at + 1, BigInt(at + 2))));
  expect(fetching).toEqual(["pause"]);
  gate.resolve();
  await expect.poll(() => commits.at(-1)).toBe(20_002n);
  expect(fetching).toEqual(["pause", "resume"]);
});

/** Letters in which this room is parked. */
function lettersOf(parked: DeadLetter | undefined): Letters & { readonly written: string[] } {
  const written: string[] = [];
  return {
    written,
    isEmpty: () => false,
    caughtUp: async () => {},
    parked: () => parked,
    skipped: () => undefined,
    asked: () => [],
    watch: () => {},
    write: async (box, { seq }) => void written.push(`${box} ${seq}`),
    erase: async () => {},
    close: async () => {},
  };
}

test("an event is not skipped when it is processed, and only the store's answer was lost", async () => {
  let position: number | undefined;
  const positions: PositionStore<undefined> = {
    load: async () => position,
    ensure: () => expect.unreachable(),
    async process({ seq }, work) {
      if (position !== undefined && seq <= position) return "repeat";
      await work(undefined);
      position = seq;
      throw new Error("the answer was lost");
    },
  };
  const letters = lettersOf(undefined);
  const handled: number[] = [];
  const retry = { maxAttempts: 1, firstBackoffMs: 1, maxBackoffMs: 1 };
  const { work, commits, failures } = startWork<undefined>(
    { roomUnfrozen: ({ seq }) => void handled.push(seq) },
    { positions, letters, onFailure: "skip", retry },
  );
  work.take([fetched("a", 1, 0n), fetched("a", 2, 1n)]);
  await expect.poll(() => commits.at(-1)).toBe(2n);
  expect(handled).toEqual([1, 2]);
  expect([letters.written, failures]).toEqual([[], []]);
});

test("a room is not held up by the letter of what has been done here: nobody would come back for what passes by", async () => {
  let parked: DeadLetter | undefined;
  const letters = { ...lettersOf(undefined), parked: () => parked };
  const handled: number[] = [];
  const { work, commits } = startWork(
    { roomUnfrozen: ({ seq }) => void handled.push(seq) },
    { letters, onFailure: "park" },
  );
  work.take([fetched("a", 1, 0n)]);
  await expect.poll(() => commits.at(-1)).toBe(1n);
  parked = create(DeadLetterSchema, { roomId: "a", seq: 1, state: DeadLetterState.PARKED });
  work.take([fetched("a", 2, 1n)]);
  await expect.poll(() => commits.at(-1)).toBe(2n);
  expect(handled).toEqual([1, 2]);
});
