import { randomUUID } from "node:crypto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, test } from "vitest";
import type { MemberSettings, Store } from "../src/domain/store.ts";
import { BORN_AT_MS, creation, joined, leaving } from "./store-fixtures.ts";

/** What every store must do with what users set for themselves. Each test has rooms of its own. */
export function settingsContract(name: string, makeStore: () => Promise<Store>): void {
  describe(`${name}, where users set something for themselves`, () => {
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

    describe("marking as read", () => {
      test("the position moves forward and never back", async () => {
        const roomId = await createRoom("ann");
        expect(await store.markRead(roomId, "ann", 5)).toEqual({ kind: "moved", readSeq: 5 });
        expect(await store.markRead(roomId, "ann", 5)).toEqual({ kind: "unchanged", readSeq: 5 });
        expect(await store.markRead(roomId, "ann", 4)).toEqual({ kind: "unchanged", readSeq: 5 });
        expect(await store.markRead(roomId, "ann", 6)).toEqual({ kind: "moved", readSeq: 6 });
        expect((await store.readMembers(roomId, ["ann"])).get("ann")?.readSeq).toBe(6);
      });

      test("of many moves at once the highest stays", async () => {
        const roomId = await createRoom("ann");
        await Promise.all(Array.from({ length: 20 }, (_, i) => store.markRead(roomId, "ann", i + 1)));
        expect((await store.readMembers(roomId, ["ann"])).get("ann")?.readSeq).toBe(20);
      });

      test("somebody who left or never was a member has no position to move, and none comes into being", async () => {
        const roomId = await createRoom("ann");
        await store.putEntryWithState(leaving(roomId, 2, "ann"), { members: [{ ...joined("ann", 1), leftSeq: 2 }] });
        expect(await store.markRead(roomId, "ann", 1)).toEqual({ kind: "not_a_member" });
        expect(await store.markRead(roomId, "ghost", 1)).toEqual({ kind: "not_a_member" });
        expect(await store.markRead(randomUUID(), "ann", 1)).toEqual({ kind: "not_a_member" });
        expect((await store.readMembers(roomId, ["ghost"])).size).toBe(0);
      });

      test("a position below 1 is refused", async () => {
        const roomId = await createRoom("ann");
        await expect(store.markRead(roomId, "ann", 0)).rejects.toThrow(RangeError);
      });
    });

    describe("settings of a member", () => {
      test("a setting is kept beside the others, and is taken back with its default", async () => {
        const roomId = await createRoom("ann", "bob");
        await store.markRead(roomId, "ann", 1);
        const until = timestampFromMs(BORN_AT_MS);
        const set = (settings: MemberSettings) => store.setMemberSettings(roomId, "ann", settings);
        expect(await set({ hiddenSeq: 7 })).toMatchObject({ kind: "set", member: { userId: "ann", hiddenSeq: 7 } });
        expect(await set({ notificationsMutedUntil: until })).toMatchObject({
          member: { roomId, hiddenSeq: 7, notificationsMutedUntil: until, readSeq: 1, joinedSeq: 1 },
        });
        expect((await store.readMembers(roomId, ["ann"])).get("ann")).toMatchObject({
          hiddenSeq: 7,
          notificationsMutedUntil: until,
        });
        expect((await set({ hiddenSeq: 0 })) as object).toMatchObject({ member: { hiddenSeq: 0 } });
        await set({ notificationsMutedUntil: undefined });
        const members = await store.readMembers(roomId, ["ann", "bob"]);
        expect(members.get("ann")?.notificationsMutedUntil).toBeUndefined();
        expect(members.get("bob")).toMatchObject({ hiddenSeq: 0 });
      });

      test("what is named is set, also to nothing, and the answer is the member as it is then", async () => {
        const roomId = await createRoom("ann");
        const until = timestampFromMs(BORN_AT_MS);
        const read = async () => (await store.readMembers(roomId, ["ann"])).get("ann");
        const hidden = await store.setMemberSettings(roomId, "ann", { hiddenSeq: 7 });
        expect(hidden).toMatchObject({ kind: "set", member: { userId: "ann", joinedSeq: 1, hiddenSeq: 7 } });
        const muted = await store.setMemberSettings(roomId, "ann", { notificationsMutedUntil: until });
        expect(muted).toEqual({ kind: "set", member: await read() });
        expect(await read()).toMatchObject({ hiddenSeq: 7, notificationsMutedUntil: until });
        await store.setMemberSettings(roomId, "ann", { hiddenSeq: 0 });
        const unmuted = await store.setMemberSettings(roomId, "ann", { notificationsMutedUntil: undefined });
        expect(unmuted).toEqual({ kind: "set", member: await read() });
        expect(await read()).toMatchObject({ hiddenSeq: 0, readSeq: 0, leftSeq: 0 });
        expect((await read())?.notificationsMutedUntil).toBeUndefined();
        expect(await store.readRoom(roomId)).toMatchObject({ stateSeq: 1 });
      });

      test("somebody who left or never was a member has none, and nobody comes into being", async () => {
        const roomId = await createRoom("ann");
        await store.putEntryWithState(leaving(roomId, 2, "ann"), { members: [{ userId: "ann", leftSeq: 2 }] });
        for (const userId of ["ann", "ghost"]) {
          expect(await store.setMemberSettings(roomId, userId, { hiddenSeq: 1 })).toEqual({ kind: "not_a_member" });
        }
        expect(await store.setMemberSettings(randomUUID(), "ann", { hiddenSeq: 1 })).toEqual({ kind: "not_a_member" });
        const members = await store.readMembers(roomId, ["ann", "ghost"]);
        expect([...members.values()]).toMatchObject([{ userId: "ann", hiddenSeq: 0 }]);
      });
    });
  });
}
