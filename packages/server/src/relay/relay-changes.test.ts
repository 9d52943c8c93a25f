import { create } from "@bufbuild/protobuf";
import { ImportedSchema } from "@maru/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import {
  appendedAt,
  fillRoom,
  newMetrics,
  notingLetters,
  origin,
  poisonRecord,
  recordOf,
  toTopicEvent,
} from "../../test/relay-parts.ts";
import { textEntry } from "../../test/store-fixtures.ts";
import type { LoggedEntry, Store } from "../domain/store.ts";
import { createMemoryStore } from "../store/memory.ts";
import { createRoomOrder } from "./in-order.ts";
import { relayChanges } from "./relay-changes.ts";
import type { ChangeRecord } from "./table-stream.ts";
import type { OutgoingEvent } from "./to-event.ts";

let store: Store;
let added: OutgoingEvent[];
let marked: string[];
beforeEach(() => {
  store = createMemoryStore();
  added = [];
  marked = [];
});

const told = () => added.map(toTopicEvent).map(({ seq, gap, healed }) => [seq, gap ?? (healed ? "healed" : "live")]);
const entry = (seq: number) => appendedAt(textEntry("r", seq), seq * 1_000);

function relaying(deadLetters = notingLetters(), tableStore = store) {
  const pipeline = {
    add: async (event: OutgoingEvent) => void added.push(event),
    mark: ({ sequenceNumber }: { sequenceNumber: string }) => void marked.push(sequenceNumber),
    flush: async () => undefined,
    settle: async () => undefined,
    idle: async () => undefined,
  };
  const deps = { store: tableStore, metrics: newMetrics(), order: createRoomOrder(10), pipeline, deadLetters };
  return { deps, relay: (...records: ChangeRecord[]) => relayChanges(deps, records, origin) };
}

describe("a record that cannot be read", () => {
  it("is put aside whole, and a gap tells of its number in the room's order", async () => {
    const dead = notingLetters();
    await relaying(dead).relay(recordOf(entry(1)), poisonRecord("r", 2), recordOf(entry(3)));
    expect(told()).toEqual([
      [1, "live"],
      [2, "it has no body"],
      [3, "live"],
    ]);
    expect(marked).toEqual(["r-1", "r-2", "r-3"]);
    expect(dead.letters).toMatchObject([
      {
        kind: "poison_record",
        roomId: "r",
        seq: 2,
        sequenceNumber: "r-2",
        record: "record r/2",
        why: "it has no body",
      },
    ]);
  });

  it("keeps everything behind it waiting until it is acknowledged where it was put, and no longer", async () => {
    const answer = Promise.withResolvers<void>();
    const going = relaying(notingLetters(() => answer.promise)).relay(poisonRecord("r", 2), recordOf(entry(3)));
    await new Promise((resolve) => setImmediate(resolve));
    expect([told(), marked]).toEqual([[], []]);
    answer.resolve();
    await going;
    expect(told().map(([seq]) => seq)).toEqual([2, 3]);
  });

  it("stays before its record when it cannot be put aside", async () => {
    const { relay } = relaying(notingLetters(() => Promise.reject(new Error("no such topic"))));
    await expect(relay(recordOf(entry(1)), poisonRecord("r", 2))).rejects.toThrow("no such topic");
    expect([told(), marked]).toEqual([[[1, "live"]], ["r-1"]]);
  });

  it("makes no gap when its sort key is no number that readers could miss", async () => {
    const dead = notingLetters();
    const nameless = ["log#x", "log#9999999999", "log#0000000000"].map((key, at) => poisonRecord("r", at, key));
    await relaying(dead).relay(...nameless, recordOf(entry(1)));
    expect(told()).toEqual([[1, "live"]]);
    expect(dead.letters.map(({ seq }) => seq)).toEqual([undefined, undefined, undefined]);
  });

  it("is also what no event can be made of", async () => {
    const dead = notingLetters();
    const bad = entry(1);
    (bad.entry as { stateSeq: number }).stateSeq = -1;
    await relaying(dead).relay(recordOf(bad), recordOf(entry(2)));
    expect(told()).toMatchObject([
      [1, expect.stringContaining("cannot be written as an event")],
      [2, "live"],
    ]);
    expect(dead.letters).toMatchObject([{ seq: 1, record: "record r/1" }]);
  });
});

describe("a hole in the stream", () => {
  it("is filled from the table; what is missing there too, or cannot be read, is a gap and put aside", async () => {
    await fillRoom(store, "r", 5);
    await store.deleteEntries("r", [3]);
    const unreadable = (one: LoggedEntry) => (one.entry.seq === 4 ? { ...one, unreadable: "it has no type" } : one);
    const damaged = { ...store, readEntries: async (range: never) => (await store.readEntries(range)).map(unreadable) };
    const dead = notingLetters();
    await relaying(dead, damaged).relay(recordOf(entry(1)), recordOf(entry(5)));
    const missing = "it is neither in the table's stream nor in the table";
    expect(told()).toEqual([
      [1, "live"],
      [2, "healed"],
      [3, missing],
      [4, "it has no type"],
      [5, "live"],
    ]);
    expect(dead.letters).toMatchObject([
      { seq: 3, kind: "missing_entry", why: missing },
      { seq: 4, kind: "poison_record", record: { dynamodb: { Keys: { room_id: { S: "r" } } } } },
    ]);
  });

  it("that retention made is a gap, and nobody's trouble", async () => {
    await fillRoom(store, "r", 4);
    await store.raisePurgedBelow("r", 4);
    await store.deleteEntries("r", [2, 3]);
    const dead = notingLetters();
    await relaying(dead).relay(recordOf(entry(1)), recordOf(entry(4)));
    const purged = "retention has removed it";
    expect(told()).toEqual([[1, "live"], [2, purged], [3, purged], [4, "live"]]); // biome-ignore format: a row
    expect(dead.letters).toEqual([]);
  });

  it("of more than a thousand numbers stops the shard: that is no item that somebody deleted", async () => {
    await fillRoom(store, "r", 1);
    const { relay } = relaying();
    await expect(relay(recordOf(entry(1)), recordOf(entry(1_003)))).rejects.toMatchObject({ why: "missing_entries" });
    await relaying().relay(recordOf(entry(1)), recordOf(entry(1_002)));
    expect(added.length).toBe(1 + 1_002);
  });
});

describe("what was imported", () => {
  const imported = (seq: number) => {
    const logged = entry(seq);
    return { ...logged, entry: { ...logged.entry, imported: create(ImportedSchema, { sourceId: `messages/${seq}` }) } };
  };

  const importedRecord = (seq: number): ChangeRecord => ({
    ...recordOf(imported(seq)),
    change: { kind: "imported_entry", roomId: "r", seq },
  });

  it("has no event, and is no hole for what follows", async () => {
    const { relay } = relaying();
    await relay(importedRecord(1), importedRecord(2), recordOf(entry(3)));
    await relay(importedRecord(4), recordOf(entry(5)));
    expect(told()).toEqual([
      [3, "live"],
      [5, "live"],
    ]);
    expect(marked).toEqual(["r-1", "r-2", "r-3", "r-4", "r-5"]);
  });

  it("is passed over also where a hole is closed from the table", async () => {
    await fillRoom(store, "r", 1);
    for (const logged of [imported(2), imported(3), entry(4), entry(5)]) await store.putEntry(logged);
    await relaying().relay(recordOf(entry(1)), recordOf(entry(5)));
    expect(told()).toEqual([
      [1, "live"],
      [4, "healed"],
      [5, "live"],
    ]);
  });
});
