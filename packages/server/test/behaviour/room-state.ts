import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { service, system, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { memberKey } from "../../src/store/keys.ts";
import { appendState } from "./append-state.ts";
import { refusal } from "./refusal.ts";
import { openRoom, readLog, type Scene, say } from "./scene.ts";

/** The state is written behind the servers' backs: one knows the room already, and the other reads it afresh. */
export function roomStateSuite(scene: () => Scene): void {
  test("a frozen room takes notices of the system only, until it is unfrozen", async () => {
    const { maru, other, world } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await say(maru, roomId, "before");
    await appendState(world.store, roomId, { case: "roomFrozen", value: {} }, { room: { frozen: true } });
    for (const one of [maru, other]) {
      for (const actor of [user("ann"), user("root"), service()]) {
        const told = await refusal(one.messages.send({ roomId, actor, content: text("now") }));
        expect(told).toMatchObject({ reason: "ROOM_FROZEN", code: "FAILED_PRECONDITION", metadata: { roomId } });
      }
      expect((await one.messages.send({ roomId, actor: system(), content: text("why") })).entry).toBeDefined();
      expect((await one.rooms.get({ roomId })).room).toMatchObject({ frozen: true, stateSeq: 3 });
    }
    await appendState(world.store, roomId, { case: "roomUnfrozen", value: {} }, { room: { frozen: false } });
    expect(await say(maru, roomId, "after")).toBe(7);
    expect(await say(other, roomId, "after")).toBe(8);
  });

  test("a closed room takes nothing and can be read", async () => {
    const { maru, other, world } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await say(maru, roomId, "before");
    await appendState(world.store, roomId, { case: "roomClosed", value: {} }, { room: { closed: true } });
    for (const one of [maru, other]) {
      const calls = [
        ...[user("ann"), service(), system()].map((actor) =>
          one.messages.send({ roomId, actor, content: text("now") }),
        ),
        one.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "cat" }] }),
        one.rooms.removeMembers({ roomId, actor: service(), userIds: ["ann"] }),
      ];
      for (const told of await Promise.all(calls.map(refusal))) {
        expect(told).toMatchObject({ reason: "ROOM_CLOSED", code: "FAILED_PRECONDITION", metadata: { roomId } });
      }
      expect((await one.messages.list({ roomId })).entries).toHaveLength(1);
      expect(await one.reads.markRead({ roomId, actor: user("ann"), seq: 3 })).toMatchObject({
        marker: { readSeq: 3 },
      });
    }
    expect(await readLog(maru, roomId)).toHaveLength(3);
  });

  test("a muted member cannot write until the time that was set; others can", async () => {
    const { maru, other, world } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    await say(maru, roomId, "before");
    const mute = async (untilMs: number) => {
      const value = { userId: "ann", mutedUntil: timestampFromMs(untilMs) };
      await appendState(world.store, roomId, { case: "memberMuted", value }, {});
      // The store's own change of members does not have the field yet.
      const update = new UpdateItemCommand({
        TableName: world.tables.tableName,
        Key: memberKey(roomId, "ann"),
        UpdateExpression: "SET muted_until = :until",
        ExpressionAttributeValues: { ":until": { S: new Date(untilMs).toISOString() } },
      });
      await world.tables.client.send(update);
    };
    const untilMs = Date.now() + 3_600_000;
    await mute(untilMs);
    for (const one of [maru, other]) {
      expect(await refusal(say(one, roomId, "now"))).toMatchObject({
        reason: "MEMBER_MUTED",
        code: "FAILED_PRECONDITION",
        metadata: { roomId, userId: "ann", mutedUntil: new Date(untilMs).toISOString() },
      });
      expect(await say(one, roomId, "not me", "bob")).toBeGreaterThan(3);
    }
    await mute(Date.now() - 1);
    expect(await say(maru, roomId, "after")).toBe(7);
    expect(await say(other, roomId, "after")).toBe(8);
  });
}
