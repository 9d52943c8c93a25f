import { service } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { openRoom, type Scene, say } from "./scene.ts";

export function getMessageSuite(scene: () => Scene): void {
  test("a message is found by its number", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "hello");
    expect((await maru.messages.get({ roomId, seq })).entry).toMatchObject({
      roomId,
      seq,
      type: "message_sent",
      caller: "shop",
      body: { case: "messageSent", value: { content: { kind: { value: { text: "hello" } } } } },
    });
  });

  test("an entry that is no message is not found, and the answer says what it is", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "bob" }] });
    expect(await refusal(maru.messages.get({ roomId, seq: 2 }))).toMatchObject({
      reason: "NOT_A_MESSAGE",
      code: "NOT_FOUND",
      metadata: { roomId, seq: "2", type: "members_added" },
    });
  });

  test("a number that no entry has is not found, and 0 is refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    for (const seq of [2, 4_294_967_295]) {
      expect(await refusal(maru.messages.get({ roomId, seq }))).toMatchObject({
        reason: "ENTRY_NOT_FOUND",
        code: "NOT_FOUND",
        metadata: { roomId, seq: String(seq) },
      });
    }
    expect(await refusal(maru.messages.get({ roomId, seq: 0 }))).toMatchObject(invalid("seq"));
  });

  test("a message that retention removed is said to be removed", async () => {
    const { maru, world } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "old");
    await say(maru, roomId, "new");
    await world.store.raisePurgedBelow(roomId, 3);
    await world.store.deleteEntries(roomId, [seq]);
    expect(await refusal(maru.messages.get({ roomId, seq }))).toMatchObject({
      reason: "ENTRY_PURGED",
      code: "NOT_FOUND",
      metadata: { roomId, seq: "2", purgedBelow: "3" },
    });
  });
}
