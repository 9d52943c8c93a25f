import { randomUUID } from "node:crypto";
import { equals } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema, ErrorReason, MemberRole } from "@maru/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { type LoggedEntry, roomBucketCount, type Store } from "../src/domain/store.ts";
import { BORN_AT_MS, creation, joined, leaving, logged, textEntry } from "./store-fixtures.ts";

/** What every store must do. Each test has rooms of its own. */
export function storeContract(name: string, makeStore: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    beforeAll(async () => {
      store = await makeStore();
    });

    async function createRoom(...userIds: string[]): Promise<string> {
      const roomId = randomUUID();
      const { entry, change } = creation(roomId, userIds);
      expect(await store.putEntryWithState(entry, change)).toEqual({ kind: "stored" });
      return roomId;
    }

    async function fill(roomId: string, seqs: readonly number[]): Promise<void> {
      for (const seq of seqs) expect(await store.putEntry(textEntry(roomId, seq))).toEqual({ kind: "stored" });
    }

    function expectSame(found: LoggedEntry | undefined, wanted: LoggedEntry): void {
      expect(found).toBeDefined();
      expect(equals(EntrySchema, (found as LoggedEntry).entry, wanted.entry)).toBe(true);
      expect(found?.requestHash).toBe(wanted.requestHash);
      expect(found?.appendedAtMs).toBe(wanted.appendedAtMs);
    }

    describe("putting an entry", () => {
      test("an entry that was put is read back whole", async () => {
        const roomId = randomUUID();
        const entry = textEntry(roomId, 7, "안녕하세요 👋");
        expect(await store.putEntry(entry)).toEqual({ kind: "stored" });
        expectSame(await store.readEntry(roomId, 7), entry);
      });

      test("an entry without a request hash is read back without one", async () => {
        const roomId = randomUUID();
        const entry = { ...textEntry(roomId, 1), requestHash: undefined };
        await store.putEntry(entry);
        expectSame(await store.readEntry(roomId, 1), entry);
      });

      test("of 64 puts of one number at once exactly one is stored, and every other one gets it", async () => {
        const roomId = randomUUID();
        const entries = Array.from({ length: 64 }, (_, writer) => textEntry(roomId, 1, `writer ${writer}`));
        const outcomes = await Promise.all(entries.map((entry) => store.putEntry(entry)));
        const winners = entries.filter((_, writer) => outcomes[writer]?.kind === "stored");
        expect(winners).toHaveLength(1);
        for (const outcome of outcomes)
          if (outcome.kind !== "stored")
            expectSame(outcome.kind === "taken" ? outcome.winner : undefined, winners[0] as LoggedEntry);
        expectSame(await store.readEntry(roomId, 1), winners[0] as LoggedEntry);
      });

      test("putting the same entry again answers with that entry", async () => {
        const roomId = randomUUID();
        const entry = textEntry(roomId, 1);
        await store.putEntry(entry);
        const outcome = await store.putEntry(entry);
        expect(outcome.kind).toBe("taken");
        expectSame(outcome.kind === "taken" ? outcome.winner : undefined, entry);
      });

      test("a put whose signal is aborted throws the signal's reason and stores nothing", async () => {
        const roomId = randomUUID();
        const reason = new Error("the caller gave up");
        await expect(store.putEntry(textEntry(roomId, 1), AbortSignal.abort(reason))).rejects.toBe(reason);
        const { entry, change } = creation(roomId, []);
        await expect(store.putEntryWithState(entry, change, AbortSignal.abort(reason))).rejects.toBe(reason);
        expect(await store.readEntry(roomId, 1)).toBeUndefined();
      });

      test("an entry whose type does not fit its body is refused", async () => {
        const roomId = randomUUID();
        const wrongType = logged(roomId, 1, { type: "message_sent", body: { case: "roomFrozen", value: {} } });
        await expect(store.putEntry(wrongType)).rejects.toThrow(TypeError);
        await expect(store.putEntry(logged(roomId, 1, { type: "message_sent" }))).rejects.toThrow(TypeError);
      });

      test("what a reader does to what it was given does not reach the store", async () => {
        const roomId = await createRoom("ann");
        const entry = textEntry(roomId, 2, "as it was");
        await store.putEntry(entry);
        entry.entry.caller = "changed by its writer";
        const room = await store.readRoom(roomId);
        if (room !== undefined) room.attributes.listing = "changed";
        const member = (await store.readMembers(roomId, ["ann"])).get("ann");
        if (member !== undefined) member.readSeq = 99;
        expect((await store.readEntry(roomId, 2))?.entry.caller).toBe("tests");
        expect((await store.readRoom(roomId))?.attributes).toEqual({ listing: "l1" });
        expect((await store.readMembers(roomId, ["ann"])).get("ann")?.readSeq).toBe(0);
      });
    });

    describe("putting an entry with state", () => {
      test("a creation stores entry, room and members", async () => {
        const roomId = randomUUID();
        const { entry, change } = creation(roomId, ["ann", "bob"]);
        expect(await store.putEntryWithState(entry, change)).toEqual({ kind: "stored" });
        expectSame(await store.readEntry(roomId, 1), entry);
        const room = await store.readRoom(roomId);
        expect(room).toEqual(change.create);
        expect([...(await store.readMembers(roomId, ["ann", "bob", "cat"])).keys()].sort()).toEqual(["ann", "bob"]);
      });

      test("of 16 creations of one room at once exactly one takes place, and the others get its entry", async () => {
        const roomId = randomUUID();
        const creations = Array.from({ length: 16 }, (_, writer) => creation(roomId, [`user${writer}`]));
        const outcomes = await Promise.all(
          creations.map(({ entry, change }) => store.putEntryWithState(entry, change)),
        );
        const winners = creations.filter((_, writer) => outcomes[writer]?.kind === "stored");
        expect(winners).toHaveLength(1);
        const winner = winners[0]?.entry as LoggedEntry;
        for (const outcome of outcomes) if (outcome.kind === "taken") expectSame(outcome.winner, winner);
        expect(await store.listMembers(roomId, undefined, 100)).toHaveLength(1);
      });

      test("a creation of a room that exists is refused, also at a number that is free", async () => {
        const roomId = await createRoom("ann");
        const { change } = creation(roomId, ["bob"]);
        const outcome = await store.putEntryWithState(textEntry(roomId, 2), change);
        expect(outcome).toEqual({ kind: "taken", winner: undefined });
        expect(await store.readEntry(roomId, 2)).toBeUndefined();
        expect((await store.readMembers(roomId, ["bob"])).size).toBe(0);
      });

      test("a change of a room that does not exist is refused and leaves nothing", async () => {
        const roomId = randomUUID();
        const outcome = await store.putEntryWithState(textEntry(roomId, 1), { members: [joined("ann", 1)] });
        expect(outcome).toEqual({ kind: "taken", winner: undefined });
        expect(await store.readRoom(roomId)).toBeUndefined();
        expect((await store.readMembers(roomId, ["ann"])).size).toBe(0);
      });

      test("a change whose number is taken gets the winner and changes nothing", async () => {
        const roomId = await createRoom("ann");
        const winner = textEntry(roomId, 2);
        await store.putEntry(winner);
        const change = { room: { title: "New", memberCount: 2 }, members: [joined("bob", 2)] };
        const outcome = await store.putEntryWithState(textEntry(roomId, 2), change);
        expect(outcome.kind).toBe("taken");
        expectSame(outcome.kind === "taken" ? outcome.winner : undefined, winner);
        expect(await store.readRoom(roomId)).toMatchObject({ title: "Old title", stateSeq: 1 });
        expect((await store.readMembers(roomId, ["bob"])).size).toBe(0);
      });

      test("a change sets the fields that it names, also to nothing, and the number of the state", async () => {
        const roomId = await createRoom("ann");
        const entry = logged(roomId, 2, {
          stateSeq: 2,
          type: "room_updated",
          body: { case: "roomUpdated", value: {} },
        });
        const change = { room: { title: "", attributes: {}, frozen: true, memberCount: 0 } };
        expect(await store.putEntryWithState(entry, change)).toEqual({ kind: "stored" });
        expect(await store.readRoom(roomId)).toMatchObject({
          ...{ kind: "group", title: "", attributes: {}, frozen: true, closed: false, memberCount: 0, stateSeq: 2 },
        });
      });

      test("a change of state never touches a read position, also when a user comes back", async () => {
        const roomId = await createRoom("ann", "bob");
        expect(await store.markRead(roomId, "ann", 1)).toEqual({ kind: "moved", readSeq: 1 });
        const left = { ...joined("ann", 1), leftSeq: 2 };
        await store.putEntryWithState(leaving(roomId, 2, "ann"), { room: { memberCount: 1 }, members: [left] });
        expect((await store.readMembers(roomId, ["ann"])).get("ann")).toMatchObject({ leftSeq: 2, readSeq: 1 });
        const back = logged(roomId, 3, {
          stateSeq: 3,
          type: "members_added",
          body: { case: "membersAdded", value: {} },
        });
        const again = { ...joined("ann", 3), role: MemberRole.ADMIN };
        await store.putEntryWithState(back, { room: { memberCount: 2 }, members: [again] });
        const { ann } = Object.fromEntries(await store.readMembers(roomId, ["ann"]));
        expect(ann).toMatchObject({ role: MemberRole.ADMIN, joinedSeq: 3, leftSeq: 0, readSeq: 1 });
      });

      test("a change of members sets only what it names, also to nothing, and leaves the rest of them as it is", async () => {
        const roomId = await createRoom("ann", "bob");
        const until = { ...timestampFromMs(BORN_AT_MS), nanos: 123_456_789 };
        const settings = { hiddenSeq: 1, notificationsMutedUntil: until };
        await store.markRead(roomId, "ann", 1);
        await store.setMemberSettings(roomId, "ann", settings);
        const mutes = { userId: "ann", mutedUntil: until, blockedUserIds: ["bob", "cat"] };
        await store.putEntryWithState(textEntry(roomId, 2), { members: [mutes] });
        const kept = { ...settings, role: MemberRole.MEMBER, joinedSeq: 1, readSeq: 1 };
        const ann = async () => (await store.readMembers(roomId, ["ann"])).get("ann");
        expect(await ann()).toMatchObject({ ...kept, ...mutes });
        await store.putEntryWithState(textEntry(roomId, 3), { members: [{ userId: "ann", leftSeq: 3 }] });
        await store.putEntryWithState(textEntry(roomId, 4), { members: [joined("ann", 4)] });
        expect(await ann()).toMatchObject({ ...kept, ...mutes, joinedSeq: 4, leftSeq: 0 });
        const taken = { userId: "ann", mutedUntil: undefined, blockedUserIds: [] };
        await store.putEntryWithState(textEntry(roomId, 5), { members: [taken] });
        expect(await ann()).toMatchObject({ ...kept, joinedSeq: 4, blockedUserIds: [] });
        expect((await ann())?.mutedUntil).toBeUndefined();
        expect((await store.readMembers(roomId, ["bob"])).get("bob")).toMatchObject({ hiddenSeq: 0, readSeq: 0 });
      });

      test("90 members can be changed in one go, and 91 are refused", async () => {
        const userIds = Array.from({ length: 91 }, (_, i) => `user${i}`);
        const roomId = await createRoom(...userIds.slice(0, 90));
        expect(await store.listMembers(roomId, undefined, 200)).toHaveLength(90);
        const { entry, change } = creation(randomUUID(), userIds);
        await expect(store.putEntryWithState(entry, change)).rejects.toThrow(RangeError);
      });
    });

    describe("reading the log", () => {
      test("ranges leave out their bounds, in both directions", async () => {
        const roomId = randomUUID();
        await fill(roomId, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        const seqs = async (range: { after?: number; before?: number; newestFirst?: boolean; limit: number }) =>
          (await store.readEntries({ roomId, ...range })).map(({ entry }) => entry.seq);
        expect(await seqs({ limit: 3 })).toEqual([1, 2, 3]);
        expect(await seqs({ limit: 3, newestFirst: true })).toEqual([12, 11, 10]);
        expect(await seqs({ after: 9, limit: 100 })).toEqual([10, 11, 12]);
        expect(await seqs({ after: 3, before: 6, limit: 100 })).toEqual([4, 5]);
        expect(await seqs({ after: 3, before: 7, newestFirst: true, limit: 2 })).toEqual([6, 5]);
        expect(await seqs({ before: 3, limit: 100 })).toEqual([1, 2]);
        expect(await seqs({ after: 12, limit: 100 })).toEqual([]);
        expect(await seqs({ after: 5, before: 6, limit: 100 })).toEqual([]);
        expect(await seqs({ after: 8, before: 3, limit: 100 })).toEqual([]);
        expect(await seqs({ limit: 0 })).toEqual([]);
      });

      test("numbers of ten digits are in order, up to the highest of all", async () => {
        const roomId = randomUUID();
        const highest = 4_294_967_295;
        await fill(roomId, [9, 10, 999_999_999, 1_000_000_000, highest]);
        const read = await store.readEntries({ roomId, after: 9, limit: 10 });
        expect(read.map(({ entry }) => entry.seq)).toEqual([10, 999_999_999, 1_000_000_000, highest]);
        expect(await store.readEntries({ roomId, after: highest, limit: 10 })).toEqual([]);
      });

      test("a range of several megabytes is read whole", async () => {
        const roomId = randomUUID();
        const text = "x".repeat(300_000);
        for (let seq = 1; seq <= 9; seq++) await store.putEntry(textEntry(roomId, seq, text));
        const seqs = (entries: LoggedEntry[]) => entries.map(({ entry }) => entry.seq);
        expect(seqs(await store.readEntries({ roomId, limit: 9 }))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(seqs(await store.readEntries({ roomId, limit: 7, newestFirst: true }))).toEqual([9, 8, 7, 6, 5, 4, 3]);
      });

      test("room state and members are not entries", async () => {
        const roomId = await createRoom("ann", "bob");
        expect(await store.readEntries({ roomId, limit: 100 })).toHaveLength(1);
      });

      test("a room that does not exist has no entries, state or members", async () => {
        const roomId = randomUUID();
        expect(await store.readEntries({ roomId, limit: 10 })).toEqual([]);
        expect(await store.readEntry(roomId, 1)).toBeUndefined();
        expect(await store.readRoom(roomId)).toBeUndefined();
        expect(await store.listMembers(roomId, undefined, 10)).toEqual([]);
      });
    });

    describe("reading rooms and members", () => {
      test("rooms that do not exist are left out, and an id given twice is answered once", async () => {
        const [one, two] = [await createRoom("ann"), await createRoom("ann")];
        const rooms = await store.readRooms([one, two, one, randomUUID()]);
        expect([...rooms.keys()].sort()).toEqual([one, two].sort());
        expect((await store.readRooms([])).size).toBe(0);
      });

      test("100 rooms are read at once, and 101 are refused", async () => {
        const roomIds = Array.from({ length: 101 }, () => randomUUID());
        expect((await store.readRooms(roomIds.slice(0, 100))).size).toBe(0);
        await expect(store.readRooms(roomIds)).rejects.toThrow(RangeError);
        await expect(store.readMembers("room", roomIds)).rejects.toThrow(RangeError);
        const places = roomIds.map((roomId) => ({ roomId, userId: "ann" }));
        expect(await store.readMembersAt(places.slice(0, 100))).toEqual([]);
        await expect(store.readMembersAt(places)).rejects.toThrow(RangeError);
      });

      test("members of many rooms are read at once, also those who left, each once", async () => {
        const [one, two] = [await createRoom("ann", "bob"), await createRoom("ann")];
        await store.putEntryWithState(leaving(one, 2, "bob"), { members: [{ ...joined("bob", 1), leftSeq: 2 }] });
        const places = [
          { roomId: one, userId: "ann" },
          { roomId: two, userId: "ann" },
          { roomId: one, userId: "bob" },
          { roomId: one, userId: "ann" },
          { roomId: two, userId: "bob" },
          { roomId: randomUUID(), userId: "ann" },
        ];
        const found = await store.readMembersAt(places);
        const wanted = [
          { roomId: one, userId: "ann", leftSeq: 0 },
          { roomId: two, userId: "ann", leftSeq: 0 },
          { roomId: one, userId: "bob", leftSeq: 2 },
        ];
        expect(found).toHaveLength(3);
        expect(found).toEqual(expect.arrayContaining(wanted.map((one) => expect.objectContaining(one))));
        expect(await store.readMembersAt([])).toEqual([]);
      });

      test("members are listed by the bytes of their ids, page by page, with those who left", async () => {
        const userIds = ["ann", "ann#2", "anna", "zoe", "é", "한", "\u{1f600}", "\uffee"];
        const roomId = await createRoom(...userIds.toReversed());
        const left = { ...joined("anna", 1), leftSeq: 2 };
        await store.putEntryWithState(leaving(roomId, 2, "anna"), { members: [left] });
        const listed: string[] = [];
        for (let after: string | undefined; ; ) {
          const page = await store.listMembers(roomId, after, 3);
          listed.push(...page.map(({ userId }) => userId));
          if (page.length < 3) break;
          after = listed.at(-1);
        }
        expect(listed).toEqual(["ann", "ann#2", "anna", "zoe", "é", "한", "\uffee", "\u{1f600}"]);
      });
    });

    describe("walking rooms", () => {
      async function walk(page: (after: string | undefined, limit: number) => Promise<string[]>, limit: number) {
        const walked: string[] = [];
        for (;;) {
          const found = await page(walked.at(-1), limit);
          walked.push(...found);
          if (found.length < limit) return walked;
        }
      }

      test("the rooms of a user are listed in order, page by page, with those that the user left", async () => {
        const userId = `user-${randomUUID()}`;
        const roomIds: string[] = [];
        for (let n = 0; n < 7; n++) roomIds.push(await createRoom(userId, "another"));
        await createRoom("another");
        const left = roomIds[3] as string;
        const change = { members: [{ ...joined(userId, 1), leftSeq: 2 }] };
        await store.putEntryWithState(leaving(left, 2, userId), change);
        for (const limit of [1, 3, 7, 100]) {
          expect(await walk((after, size) => store.listRoomIdsOf(userId, after, size), limit)).toEqual(
            roomIds.toSorted(),
          );
        }
        expect(await store.listRoomIdsOf(`nobody-${randomUUID()}`, undefined, 10)).toEqual([]);
      });

      test("every room is in one bucket, and each bucket is listed in order, page by page", async () => {
        const roomIds = new Set<string>();
        for (let n = 0; n < 12; n++) roomIds.add(await createRoom("ann"));
        const found: string[] = [];
        for (let bucket = 0; bucket < roomBucketCount; bucket++) {
          const walked = await walk((after, size) => store.listRoomIds(bucket, after, size), 2);
          expect(walked).toEqual(walked.toSorted());
          found.push(...walked.filter((roomId) => roomIds.has(roomId)));
        }
        expect(found.toSorted()).toEqual([...roomIds].sort());
      });
    });

    describe("retention", () => {
      test("the purged bound rises and never falls", async () => {
        const roomId = await createRoom("ann");
        await store.raisePurgedBelow(roomId, 5);
        await store.raisePurgedBelow(roomId, 3);
        expect((await store.readRoom(roomId))?.purgedBelow).toBe(5);
        await store.raisePurgedBelow(roomId, 9);
        expect(await store.readRoom(roomId)).toMatchObject({ purgedBelow: 9, title: "Old title" });
      });

      test("the bound of a room that does not exist cannot be raised", async () => {
        const raising = store.raisePurgedBelow(randomUUID(), 5);
        await expect(raising).rejects.toMatchObject({ reason: ErrorReason.ROOM_NOT_FOUND });
      });

      test("deleted entries are gone and the others stay; deleting them again is no error", async () => {
        const roomId = randomUUID();
        const seqs = Array.from({ length: 60 }, (_, i) => i + 1);
        await fill(roomId, seqs);
        await store.deleteEntries(roomId, seqs.slice(0, 55));
        await store.deleteEntries(roomId, [54, 55, 55]);
        const left = await store.readEntries({ roomId, limit: 100 });
        expect(left.map(({ entry }) => entry.seq)).toEqual([56, 57, 58, 59, 60]);
      });

      test("a number whose entry was deleted can be taken again: nothing but the bound forbids it", async () => {
        const roomId = randomUUID();
        await fill(roomId, [1]);
        await store.deleteEntries(roomId, [1]);
        expect(await store.putEntry(textEntry(roomId, 1))).toEqual({ kind: "stored" });
      });
    });
  });
}
