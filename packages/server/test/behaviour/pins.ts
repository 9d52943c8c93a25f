import { randomUUID } from "node:crypto";
import { service, user } from "@maru/client";
import { expect, test } from "vitest";
import { messageOf, readMessage } from "./message-of.ts";
import { invalid, refusal } from "./refusal.ts";
import { found, openRoom, readLog, type Scene, say, sayMany, seqsOf } from "./scene.ts";

export function pinsSuite(scene: () => Scene): void {
  test("pinned messages are listed, the newest pin first, and pins are no change of the room's state", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 4);
    const pinned = async () => {
      const { room } = await maru.rooms.get({ roomId });
      const { entries } = await other.messages.listPinned({ roomId });
      expect(found(room)).toMatchObject({ pinnedSeqs: seqsOf(entries).toReversed(), stateSeq: 1 });
      for (const entry of entries) expect(messageOf(entry).pinned).toBe(true);
      return seqsOf(entries);
    };
    expect(await pinned()).toEqual([]);
    expect((await maru.messages.pin({ roomId, actor: user("ann"), seq: 3 })).entry).toMatchObject({
      seq: 6,
      stateSeq: 1,
      type: "message_pinned",
      body: { value: { targetSeq: 3 } },
    });
    await other.messages.pin({ roomId, actor: service(), seq: 2 });
    await maru.messages.pin({ roomId, actor: user("ann"), seq: 5 });
    expect(await pinned()).toEqual([5, 2, 3]);
    expect((await other.messages.pin({ roomId, actor: user("ann"), seq: 3 })).entry).toBeUndefined();
    expect((await other.messages.unpin({ roomId, actor: user("ann"), seq: 2 })).entry).toMatchObject({
      type: "message_unpinned",
      body: { value: { targetSeq: 2 } },
    });
    expect((await maru.messages.unpin({ roomId, actor: user("ann"), seq: 2 })).entry).toBeUndefined();
    expect((await readMessage(maru, roomId, 2)).pinned).toBe(false);
    await other.messages.pin({ roomId, actor: user("ann"), seq: 2 });
    expect(await pinned()).toEqual([2, 5, 3]);
    expect(await readLog(maru, roomId)).toHaveLength(10);
  });

  test("a pinned message stays pinned when it is edited and reacted to", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "hello");
    await maru.messages.pin({ roomId, actor: user("ann"), seq });
    await other.messages.edit({
      roomId,
      actor: user("ann"),
      seq,
      content: { kind: { case: "text", value: { text: "hi" } } },
    });
    await maru.messages.setReactions({ roomId, actor: user("ann"), seq, kinds: ["x"] });
    await other.messages.unpin({ roomId, actor: user("ann"), seq });
    await maru.messages.pin({ roomId, actor: user("ann"), seq });
    const [entry] = (await other.messages.listPinned({ roomId })).entries;
    expect(messageOf(entry)).toMatchObject({ pinned: true, editCount: 1, reactions: [{ kind: "x" }] });
    expect((await maru.messages.listMessageVersions({ roomId, seq })).versions).toHaveLength(2);
    expect((await maru.messages.listReactions({ roomId, seq })).reactions).toHaveLength(1);
  });

  test("so many messages are pinned and no more, also where two servers pin at once", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seqs = await sayMany(maru, roomId, 6);
    const tries = seqs.map((seq, n) => (n % 2 === 0 ? maru : other).messages.pin({ roomId, actor: user("ann"), seq }));
    const ended = await Promise.allSettled(tries);
    expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    const kept = seqsOf((await maru.messages.listPinned({ roomId })).entries);
    expect(kept).toHaveLength(3);
    const others = seqs.filter((seq) => !kept.includes(seq));
    const [more = 0] = others;
    const pin = () => other.messages.pin({ roomId, actor: user("ann"), seq: more });
    expect(await refusal(pin())).toMatchObject({
      reason: "PIN_LIMIT_REACHED",
      code: "FAILED_PRECONDITION",
      metadata: { roomId, limit: "3" },
    });
    await maru.messages.delete({ roomId, actor: user("ann"), seq: found(kept[0]) });
    expect((await pin()).entry?.type).toBe("message_pinned");
  });

  test("members pin what is a message, and a repeated pin is the first one", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "hello");
    const { messages } = maru;
    for (const act of [messages.pin, messages.unpin]) {
      expect(await refusal(act({ roomId, actor: user("eve"), seq }))).toMatchObject({ reason: "NOT_A_MEMBER" });
      expect(await refusal(act({ roomId, actor: user("ann"), seq: 1 }))).toMatchObject({ reason: "NOT_A_MESSAGE" });
      expect(await refusal(act({ roomId, actor: user("ann"), seq: 9 }))).toMatchObject({ reason: "ENTRY_NOT_FOUND" });
      expect(await refusal(act({ roomId, actor: user("ann"), seq: 0 }))).toMatchObject(invalid("seq"));
    }
    const request = { roomId, actor: user("ann"), seq, idempotencyKey: randomUUID() };
    const first = await messages.pin(request);
    await other.messages.unpin({ roomId, actor: user("ann"), seq });
    expect(await other.messages.pin(request)).toEqual(first);
    expect((await messages.listPinned({ roomId })).entries).toEqual([]);
    await messages.delete({ roomId, actor: user("ann"), seq });
    expect(await refusal(messages.pin({ roomId, actor: user("ann"), seq }))).toMatchObject({
      reason: "MESSAGE_DELETED",
    });
    expect((await messages.unpin({ roomId, actor: user("ann"), seq })).entry).toBeUndefined();
    expect(await refusal(messages.listPinned({ roomId: "nowhere" }))).toMatchObject({ reason: "ROOM_NOT_FOUND" });
  });

  test("of a pinned message that retention has removed, the pin can still be taken back", async () => {
    const { maru, other, world } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const [seq = 0] = await sayMany(maru, roomId, 2);
    await maru.messages.pin({ roomId, actor: user("ann"), seq });
    await world.store.raisePurgedBelow(roomId, 3);
    await world.store.deleteEntries(roomId, [seq]);
    expect((await other.messages.listPinned({ roomId })).entries).toEqual([]);
    expect(await refusal(maru.messages.pin({ roomId, actor: user("ann"), seq }))).toMatchObject({
      reason: "ENTRY_PURGED",
      metadata: { roomId, seq: "2", purgedBelow: "3" },
    });
    expect((await maru.messages.unpin({ roomId, actor: user("ann"), seq })).entry?.type).toBe("message_unpinned");
    expect((await other.rooms.get({ roomId })).room?.pinnedSeqs).toEqual([]);
  });
}
