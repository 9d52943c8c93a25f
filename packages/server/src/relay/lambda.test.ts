import { fromBinary } from "@bufbuild/protobuf";
import { RoomEventSchema } from "@maru/protocol";
import { describe, expect, it } from "vitest";
import { insertRecord } from "../../test/lambda-events.ts";
import { textEntry } from "../../test/store-fixtures.ts";
import { createLog } from "../log.ts";
import { createMemoryStore } from "../store/memory.ts";
import { toChange } from "../store/to-change.ts";
import type { EventSink } from "./event-sink.ts";
import { createRelayHandler, type RelayHandlerDeps } from "./lambda.ts";
import type { LambdaStreamRecord } from "./lambda-record.ts";
import type { OutgoingEvent } from "./to-event.ts";

const inTime = { getRemainingTimeInMillis: () => 60_000 };
const done = { batchItemFailures: [] };
const failedAt = (record: LambdaStreamRecord | undefined) => ({
  batchItemFailures: [{ itemIdentifier: record?.dynamodb?.SequenceNumber }],
});

function memorySink() {
  const stored: OutgoingEvent[] = [];
  const state: { refuses: (event: OutgoingEvent) => boolean } = { refuses: () => false };
  const sink: EventSink = {
    async send(events) {
      if (events.some((event) => state.refuses(event))) throw new Error("the broker is away");
      stored.push(...events);
    },
  };
  return { sink, stored, state, names: () => stored.map(nameOf) };
}

/** What was stored in short: `a/1`, `a/2 healed`, `gap a/3`. */
function nameOf({ topic, value, key }: OutgoingEvent): string {
  if (topic === "dead") return `dead ${key}`;
  const { entry, gap, healed } = fromBinary(RoomEventSchema, value);
  return gap === undefined
    ? `${entry?.roomId}/${entry?.seq}${healed ? " healed" : ""}`
    : `gap ${gap.roomId}/${gap.seq}`;
}

function newHandler(options: Partial<RelayHandlerDeps> = {}) {
  const lines: { message: string }[] = [];
  const log = createLog("info", { write: (line: string) => void lines.push(JSON.parse(line)) });
  const memory = memorySink();
  const store = createMemoryStore();
  const handle = createRelayHandler({
    ...{ store, toChange, log, sink: memory.sink, source: "maru-test", deadLetterTopic: "dead" },
    clock: { nowMs: () => 1_780_315_201_000 },
    topics: { roomEvents: "events", readMarkers: "markers" },
    ...options,
  });
  return { handle, store, lines, ...memory };
}

/** One event a batch of the pipeline. */
const oneByOne = { maxBatchBytes: 1 };

describe("the relay as a function", () => {
  it("answers that nothing failed when all records are stored, and says in its log what it did", async () => {
    const { handle, names, lines } = newHandler();
    const records = [insertRecord("a", 1, 1), insertRecord("b", 1, 2), insertRecord("a", 2, 3)];
    expect(await handle({ Records: records }, inTime)).toEqual(done);
    expect(names()).toEqual(["a/1", "b/1", "a/2"]);
    expect(lines.at(-1)).toMatchObject({ message: "relayed a batch", records: 3, events: 3, dead: 0, lagMs: 1_000 });
    expect(await handle({ Records: [] }, inTime)).toEqual(done);
  });

  it("names a record from which nothing is missed, and emits nothing that follows what failed", async () => {
    const { handle, names, state } = newHandler(oneByOne);
    const records = [1, 2, 3, 4].map((seq) => insertRecord("a", seq, seq));
    state.refuses = ({ headers }) => headers.seq === "3";
    // Of the second it is known only that its event is stored, not that it has no more.
    expect(await handle({ Records: records }, inTime)).toEqual(failedAt(records[1]));
    expect(names()).toEqual(["a/1", "a/2"]);
    state.refuses = () => false;
    expect(await handle({ Records: records.slice(1) }, inTime)).toEqual(done);
    expect(names()).toEqual(["a/1", "a/2", "a/2", "a/3", "a/4"]);
  });

  it("names the first record when nothing was stored", async () => {
    const { handle, state, lines } = newHandler();
    const records = [insertRecord("a", 1, 1), insertRecord("a", 2, 2)];
    state.refuses = () => true;
    expect(await handle({ Records: records }, inTime)).toEqual(failedAt(records[0]));
    expect(lines.at(-1)).toMatchObject({ message: "the relay tries a batch again", level: "warn", events: 0 });
  });

  it("stops loudly at an entry of a type that it does not know, with all before it stored", async () => {
    const { handle, names, lines } = newHandler();
    const records = [insertRecord("a", 1, 1), insertRecord("a", 2, 2, { type: { S: "poll_opened" } })];
    records.push(insertRecord("a", 3, 3));
    expect(await handle({ Records: records }, inTime)).toEqual(failedAt(records[1]));
    expect(names()).toEqual(["a/1"]);
    expect(lines.at(-1)).toMatchObject({ level: "error", why: "unknown_entry_type" });
    expect(lines.at(-1)?.message).toContain("the relay stands still");
  });

  it("puts aside what cannot be read, with its bytes, and tells readers of the gap", async () => {
    const { handle, names, stored } = newHandler();
    const poison = insertRecord("a", 2, 2, { created_at: { B: "/wA=" } });
    const records = [insertRecord("a", 1, 1), poison, insertRecord("a", 3, 3)];
    expect(await handle({ Records: records }, inTime)).toEqual(done);
    expect(names().toSorted()).toEqual(["a/1", "a/3", "dead a", "gap a/2"].toSorted());
    expect(names().filter((name) => !name.startsWith("dead"))).toEqual(["a/1", "gap a/2", "a/3"]);
    const letter = stored.find(({ topic }) => topic === "dead");
    expect(JSON.parse(Buffer.from(letter?.value ?? []).toString())).toEqual(poison);
  });

  it("does not go past what cannot be read before it is put aside", async () => {
    const { handle, names, state } = newHandler(oneByOne);
    const records = [insertRecord("a", 1, 1), insertRecord("a", 2, 2, { created_at: { N: "1" } })];
    records.push(insertRecord("a", 3, 3));
    state.refuses = ({ topic }) => topic === "dead";
    expect(await handle({ Records: records }, inTime)).toEqual(failedAt(records[1]));
    expect(names()).toEqual(["a/1"]);
  });

  it("reads a hole within a batch from the table", async () => {
    const { handle, names, store } = newHandler();
    for (const seq of [1, 2, 3]) await store.putEntry(textEntry("a", seq));
    const records = [insertRecord("a", 1, 1), insertRecord("a", 3, 2)];
    expect(await handle({ Records: records }, inTime)).toEqual(done);
    expect(names()).toEqual(["a/1", "a/2 healed", "a/3"]);
  });

  it("takes no hole between two batches for one that others have not filled, unless it is the only instance", async () => {
    for (const isOnlyInstance of [false, true]) {
      const { handle, names, store } = newHandler({ isOnlyInstance });
      for (const seq of [1, 2, 3]) await store.putEntry(textEntry("a", seq));
      await handle({ Records: [insertRecord("a", 1, 1)] }, inTime);
      await handle({ Records: [insertRecord("a", 1, 1), insertRecord("a", 3, 2)].slice(1) }, inTime);
      expect(names()).toEqual(isOnlyInstance ? ["a/1", "a/2 healed", "a/3"] : ["a/1", "a/3"]);
    }
  });

  it("the only instance drops repeats, and forgets what it knew when a batch fails: those were not stored", async () => {
    const { handle, names, state } = newHandler({ isOnlyInstance: true });
    const batch = { Records: [insertRecord("a", 1, 1), insertRecord("a", 2, 2)] };
    await handle(batch, inTime);
    await handle(batch, inTime);
    expect(names()).toEqual(["a/1", "a/2"]);
    const next = { Records: [insertRecord("a", 3, 3)] };
    state.refuses = () => true;
    expect(await handle(next, inTime)).toEqual(failedAt(next.Records[0]));
    state.refuses = () => false;
    expect(await handle(next, inTime)).toEqual(done);
    expect(names()).toEqual(["a/1", "a/2", "a/3"]);
  });

  it("answers before its time is over, and begins nothing more after that", async () => {
    const answer = Promise.withResolvers<void>();
    const sent: string[] = [];
    const sink: EventSink = {
      async send(events) {
        sent.push(...events.map(nameOf));
        if (sent.length > 2) await answer.promise;
      },
    };
    const { handle, lines } = newHandler({ ...oneByOne, sink, answerMarginMs: 50 });
    const records = [1, 2, 3, 4].map((seq) => insertRecord("a", seq, seq));
    expect(await handle({ Records: records }, { getRemainingTimeInMillis: () => 100 })).toEqual(failedAt(records[1]));
    expect(lines.at(-1)?.message).toBe("the relay tries a batch again");
    answer.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual(["a/1", "a/2", "a/3"]);
  });
});
