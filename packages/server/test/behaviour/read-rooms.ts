import { service } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { found, fresh, names, openRoom, type Scene, say } from "./scene.ts";

export function readRoomsSuite(scene: () => Scene): void {
  test("a room says what its newest entry is, and which entry changed its state last", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru);
    await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "cat" }] });
    const { entry } = await maru.messages.get({ roomId, seq: await say(maru, roomId, "hello") });
    const { room } = await maru.rooms.get({ roomId });
    expect(room).toMatchObject({ memberCount: 4, stateSeq: 2, lastSeq: 3, lastEntryAt: entry?.createdAt });
  });

  test("a room that does not exist is not found, by any call that names it", async () => {
    const { maru } = scene();
    const roomId = fresh("no-such-room");
    const calls = [
      maru.rooms.get({ roomId }),
      maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "ann" }] }),
      maru.rooms.removeMembers({ roomId, actor: service(), userIds: ["ann"] }),
      maru.rooms.listMembers({ roomId }),
      say(maru, roomId, "hello"),
      maru.messages.get({ roomId, seq: 1 }),
      maru.messages.list({ roomId }),
      maru.messages.list({ roomId, around: 7 }),
      maru.messages.list({ roomId, afterTime: { seconds: 1n } }),
      maru.events.listEntries({ roomId }),
      maru.reads.markRead({ roomId, actor: { kind: { case: "userId", value: "ann" } }, seq: 1 }),
      maru.reads.getReadMarkers({ roomId }),
      maru.reads.getReadMarkers({ roomId, userIds: ["ann"] }),
    ];
    for (const told of await Promise.all(calls.map(refusal))) {
      expect(told).toMatchObject({ reason: "ROOM_NOT_FOUND", code: "NOT_FOUND", metadata: { roomId } });
    }
  });

  test("several rooms come in the order of the request, and those that are missing are listed", async () => {
    const { maru } = scene();
    const first = await openRoom(maru);
    const second = await openRoom(maru);
    await say(maru, second, "hello");
    const [none, nothing] = [fresh("none"), fresh("nothing")];
    const answer = await maru.rooms.batchGet({ roomIds: [second, none, first, nothing] });
    const rooms = await Promise.all([second, first].map(async (roomId) => (await maru.rooms.get({ roomId })).room));
    expect(answer).toMatchObject({ rooms, missingRoomIds: [none, nothing] });
    expect(found(answer.rooms[0]).lastSeq).toBe(2);
  });

  test("one to 100 rooms at once, each named once", async () => {
    const { maru } = scene();
    const roomIds = names("none", 100);
    expect(await maru.rooms.batchGet({ roomIds })).toMatchObject({ rooms: [], missingRoomIds: roomIds });
    expect(await refusal(maru.rooms.batchGet({ roomIds: names("none", 101) }))).toMatchObject(invalid("room_ids"));
    expect(await refusal(maru.rooms.batchGet({ roomIds: [] }))).toMatchObject(invalid("room_ids"));
    expect(await refusal(maru.rooms.batchGet({ roomIds: ["a", "a"] }))).toMatchObject(invalid("room_ids"));
    expect(await refusal(maru.rooms.batchGet({ roomIds: ["a", "b/c"] }))).toMatchObject(invalid("room_ids[1]"));
  });
}
