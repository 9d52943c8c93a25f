import { randomUUID } from "node:crypto";
import { create, equals } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Entry, EntrySchema, HoldState, type Message, MessageSchema } from "@maru/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import type { EntryChange, EntryPlace, LoggedEntry, MessageRecord, Store } from "../src/domain/store.ts";
import { BORN_AT_MS, creation, textEntry } from "./store-fixtures.ts";

/** What every store must do where an entry changes earlier ones. Each test has rooms of its own. */
export function entryChangesContract(name: string, makeStore: () => Promise<Store>): void {
  describe(`${name}, where an entry changes earlier ones`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await makeStore();
    });

    /** A room of so many texts. */
    async function createRoom(texts: number): Promise<string> {
      const roomId = randomUUID();
      const { entry, change } = creation(roomId, ["ann"]);
      expect(await store.putEntryWithState(entry, change)).toEqual({ kind: "stored" });
      for (let seq = 2; seq < texts + 2; seq++) await store.putEntry(textEntry(roomId, seq));
      return roomId;
    }

    const change = (roomId: string, seq: number, ...entries: EntryChange[]) =>
      store.putEntryWithState(textEntry(roomId, seq), { entries });

    const bodyOf = (text: string, more: Partial<Message> = {}): Entry["body"] => {
      const content = { kind: { case: "text" as const, value: { text } } };
      return { case: "messageSent", value: Object.assign(create(MessageSchema, { content }), more) };
    };
    const held: Partial<Message> = { holdState: HoldState.HELD, holdExpiresAt: timestampFromMs(BORN_AT_MS) };

    async function read(roomId: string, seq: number): Promise<LoggedEntry> {
      const found = await store.readEntry(roomId, seq);
      if (found === undefined) throw new Error(`entry ${seq} is gone`);
      return found;
    }

    test("entries get another body, and keep their number, sender, times and request hash", async () => {
      const roomId = await createRoom(3);
      const before = await read(roomId, 3);
      expect(await change(roomId, 5, { seq: 3, body: bodyOf("new") }, { seq: 4, body: bodyOf("") })).toEqual({
        kind: "stored",
      });
      const after = await read(roomId, 3);
      expect(equals(EntrySchema, after.entry, { ...before.entry, body: bodyOf("new") })).toBe(true);
      expect([after.requestHash, after.appendedAtMs]).toEqual([before.requestHash, before.appendedAtMs]);
      expect((await store.readEntries({ roomId, limit: 10 })).map(({ entry }) => entry.seq)).toEqual([1, 2, 3, 4, 5]);
      expect(await store.readRoom(roomId)).toMatchObject({ stateSeq: 1, title: "Old title" });
    });

    test("what is kept beside a message comes back as it was, in its order, and goes when it is not given", async () => {
      const roomId = await createRoom(1);
      const original = {
        content: create(MessageSchema, bodyOf("first").value as Message).content,
        mentions: create(MessageSchema, { mentions: [{ target: { case: "everybody", value: {} }, lengthUtf16: 3 }] })
          .mentions,
      };
      const records: (MessageRecord | undefined)[] = [
        {
          contentSeqs: [3, 4],
          original,
          reactions: new Map([
            ["zoe", ["👍", "❤️"]],
            ["ann", ["x"]],
          ]),
        },
        { contentSeqs: [], original: undefined, reactions: new Map([["ann", ["y"]]]) },
        { contentSeqs: [7], original: { content: undefined, mentions: [] }, reactions: new Map() },
        undefined,
      ];
      for (const [n, record] of records.entries()) {
        await change(roomId, 3 + n, { seq: 2, body: bodyOf("x"), record });
        const found = (await read(roomId, 2)).record;
        expect(found?.contentSeqs).toEqual(record?.contentSeqs);
        expect([...(found?.reactions ?? [])]).toEqual([...(record?.reactions ?? [])]);
        expect(found?.original?.mentions).toEqual(record?.original?.mentions);
        if (n === 0) expect(found?.original).toEqual(original);
        expect((await store.readEntries({ roomId, after: 1, limit: 1 }))[0]?.record).toEqual(found);
        expect((await store.readEntriesAt(roomId, [2]))[0]?.record).toEqual(found);
      }
    });

    test("the request hash goes when it is to go, and only then", async () => {
      const roomId = await createRoom(2);
      await change(roomId, 4, { seq: 2, body: bodyOf(""), withoutRequestHash: true }, { seq: 3, body: bodyOf("") });
      expect((await read(roomId, 2)).requestHash).toBeUndefined();
      expect((await read(roomId, 3)).requestHash).toBe("hash-3");
    });

    test("an earlier entry that is gone is nothing to change: nobody won, and nothing is written", async () => {
      const roomId = await createRoom(3);
      await store.deleteEntries(roomId, [3]);
      const outcome = await change(roomId, 5, { seq: 2, body: bodyOf("new") }, { seq: 3, body: bodyOf("new") });
      expect(outcome).toEqual({ kind: "taken", winner: undefined });
      expect(await store.readEntry(roomId, 5)).toBeUndefined();
      expect(await store.readEntry(roomId, 3)).toBeUndefined();
      expect((await read(roomId, 2)).entry.body).toEqual(textEntry(roomId, 2).entry.body);
    });

    test("a change whose number is taken gets the winner and changes nothing", async () => {
      const roomId = await createRoom(2);
      const outcome = await change(roomId, 3, { seq: 2, body: bodyOf("new") });
      expect(outcome).toMatchObject({ kind: "taken", winner: { entry: { seq: 3 } } });
      expect((await read(roomId, 2)).entry.body).toEqual(textEntry(roomId, 2).entry.body);
    });

    test("pins are set without touching the number of the state, also to none", async () => {
      const roomId = await createRoom(2);
      const pin = { entries: [{ seq: 2, body: bodyOf("x", { pinned: true }) }] };
      await store.putEntryWithState(textEntry(roomId, 4), { ...pin, pinnedSeqs: [3, 2] });
      expect(await store.readRoom(roomId)).toMatchObject({ pinnedSeqs: [3, 2], stateSeq: 1, title: "Old title" });
      expect((await read(roomId, 2)).entry.body.value).toMatchObject({ pinned: true });
      await store.putEntryWithState(textEntry(roomId, 5), { pinnedSeqs: [] });
      expect(await store.readRoom(roomId)).toMatchObject({ pinnedSeqs: [], stateSeq: 1 });
    });

    test("98 earlier entries are changed in one go, and 99 are refused", async () => {
      const roomId = await createRoom(99);
      const entries = Array.from({ length: 99 }, (_, n) => ({ seq: n + 2, body: bodyOf("") }));
      await expect(change(roomId, 101, ...entries)).rejects.toThrow(RangeError);
      expect(await change(roomId, 101, ...entries.slice(1))).toEqual({ kind: "stored" });
      expect((await read(roomId, 100)).entry.body).toEqual(bodyOf(""));
    });

    test("held messages are listed room by room, page by page, until they are no longer held", async () => {
      const roomIds: string[] = [];
      const seqs = [2, 3, 4, 5, 6, 7];
      for (let n = 0; n < 12; n++) {
        const roomId = await createRoom(0);
        roomIds.push(roomId);
        for (const seq of seqs) {
          const entry = textEntry(roomId, seq);
          await store.putEntry({ ...entry, entry: create(EntrySchema, { ...entry.entry, body: bodyOf("x", held) }) });
        }
        await change(roomId, 8, { seq: 2, body: bodyOf("x", { holdState: HoldState.COMMITTED }) });
      }
      const list = async () => {
        const found: string[] = [];
        for (let after: EntryPlace | undefined; ; ) {
          const page = await store.listHeldMessages(after, 4);
          found.push(...page.map(({ roomId, seq }) => `${roomId}/${seq}`));
          if (page.length < 4) return found;
          after = page.at(-1);
        }
      };
      const open = roomIds.flatMap((roomId) => seqs.slice(1).map((seq) => `${roomId}/${seq}`));
      expect((await list()).toSorted()).toEqual(open.toSorted());
      for (const roomId of roomIds) await change(roomId, 9, ...seqs.map((seq) => ({ seq, body: bodyOf("x") })));
      expect(await list()).toEqual([]);
    });

    test("entries are read by their numbers, ascending, without those that are not there", async () => {
      const roomId = await createRoom(5);
      const seqs = async (wanted: number[]) =>
        (await store.readEntriesAt(roomId, wanted)).map(({ entry }) => entry.seq);
      expect(await seqs([6, 2, 99, 4, 2])).toEqual([2, 4, 6]);
      expect(await seqs([])).toEqual([]);
      await expect(seqs(Array.from({ length: 101 }, (_, n) => n + 1))).rejects.toThrow(RangeError);
    });
  });
}
