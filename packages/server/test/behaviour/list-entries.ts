import { paginate, service } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { openRoom, type Scene, sayMany, seqsOf } from "./scene.ts";

export function listEntriesSuite(scene: () => Scene): void {
  test("all entries of a room come in order and without holes, whatever the page", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 4);
    await other.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "bob" }] });
    await sayMany(other, roomId, 5);
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: ["bob"] });
    for (const pageSize of [1, 5, 12, 200]) {
      const log = await Array.fromAsync(paginate(other.events.listEntries, { roomId, pageSize }));
      expect(seqsOf(log)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(log.map(({ stateSeq }) => stateSeq)).toEqual([1, 1, 1, 1, 1, 6, 6, 6, 6, 6, 6, 12]);
    }
    const later = await Array.fromAsync(paginate(maru.events.listEntries, { roomId, after: 9, pageSize: 2 }));
    expect(seqsOf(later)).toEqual([10, 11, 12]);
  });

  test("the page that reaches the end has no token, and behind the end there is nothing", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 3);
    expect((await maru.events.listEntries({ roomId, pageSize: 4 })).nextPageToken).toBe("");
    expect((await maru.events.listEntries({ roomId, pageSize: 3 })).nextPageToken).not.toBe("");
    for (const after of [4, 5, 4_294_967_295]) {
      expect(await maru.events.listEntries({ roomId, after })).toMatchObject({ entries: [], nextPageToken: "" });
    }
  });

  test("a page holds 50 entries unless asked otherwise, and no more than 200", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru);
    await sayMany(maru, roomId, 51);
    expect((await maru.events.listEntries({ roomId })).entries).toHaveLength(50);
    expect((await maru.events.listEntries({ roomId, pageSize: 200 })).entries).toHaveLength(52);
    expect(await refusal(maru.events.listEntries({ roomId, pageSize: 201 }))).toMatchObject(invalid("page_size"));
    expect(await refusal(maru.events.listEntries({ roomId, pageSize: -7 }))).toMatchObject(invalid("page_size"));
  });

  test("a token is refused by any other list", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 3);
    const { nextPageToken: pageToken } = await maru.events.listEntries({ roomId, pageSize: 2 });
    const elsewhere = await openRoom(maru, ["ann"]);
    const calls = [
      maru.events.listEntries({ roomId, after: 1, pageToken }),
      maru.events.listEntries({ roomId: elsewhere, pageToken }),
      maru.messages.list({ roomId, pageToken }),
    ];
    for (const told of await Promise.all(calls.map(refusal))) {
      expect(told).toMatchObject({ reason: "PAGE_TOKEN_INVALID", code: "INVALID_ARGUMENT", fields: ["page_token"] });
    }
  });
}
