import { randomUUID } from "node:crypto";
import { service, system, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { messageOf, readMessage, textOf } from "./message-of.ts";
import { invalid, refusal } from "./refusal.ts";
import { found, openRoom, readLog, type Scene, say } from "./scene.ts";

export function deleteMessageSuite(scene: () => Scene): void {
  test("a deleted message keeps its number and says who deleted it, when and why; all else is gone, everywhere", async () => {
    const { maru, other, world } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    await say(maru, roomId, "first");
    const secret = `secret ${randomUUID()}`;
    const { entry } = await maru.messages.send({
      roomId,
      actor: user("ann"),
      content: text(`${secret} 0`),
      mentions: [{ target: { case: "userId", value: "bob" } }],
      replyToSeq: 2,
    });
    const { seq } = found(entry);
    for (const n of [1, 2])
      await other.messages.edit({ roomId, actor: user("ann"), seq, content: text(`${secret} ${n}`) });
    await maru.messages.setReactions({ roomId, actor: user("bob"), seq, kinds: ["👍"] });
    await maru.messages.pin({ roomId, actor: user("bob"), seq });

    const deletion = await other.messages.delete({ roomId, actor: user("ann"), seq, reason: "a slip" });
    expect(found(deletion.entry)).toMatchObject({
      seq: 8,
      stateSeq: 1,
      type: "message_deleted",
      body: { case: "messageDeleted", value: { targetSeq: seq, reason: "a slip" } },
    });
    const deleted = await readMessage(maru, roomId, seq);
    expect(deleted.content).toBeUndefined();
    expect(deleted).toMatchObject({
      mentions: [],
      reactions: [],
      pinned: false,
      replyToSeq: 2,
      editCount: 2,
      deletion: { actor: user("ann"), seq: 8, reason: "a slip", deletedAt: deletion.entry?.createdAt },
    });
    expect(messageOf((await other.messages.list({ roomId, pageSize: 1, after: 2 })).entries[0])).toEqual(deleted);
    expect((await maru.messages.listMessageVersions({ roomId, seq })).versions).toEqual([]);
    expect((await maru.messages.listReactions({ roomId, seq })).reactions).toEqual([]);
    expect((await other.messages.listPinned({ roomId })).entries).toEqual([]);
    expect((await other.rooms.get({ roomId })).room).toMatchObject({ pinnedSeqs: [], stateSeq: 1, lastSeq: 8 });
    const items = JSON.stringify(await world.rawItems(roomId));
    expect(items).toContain("first");
    expect(items).not.toContain(secret);
  });

  test("the author, an admin, services and the system delete; other members do not", async () => {
    const { maru, world, protocol } = scene();
    const { maru: bank } = await world.connect(protocol, "bank");
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const cases = [
      [maru, user("ann")],
      [maru, user("root")],
      [maru, service()],
      [bank, service()],
      [bank, system()],
    ] as const;
    for (const [client, actor] of cases) {
      const seq = await say(maru, roomId, "hello");
      expect(await refusal(maru.messages.delete({ roomId, actor: user("bob"), seq }))).toMatchObject({
        reason: "NOT_THE_AUTHOR",
        code: "PERMISSION_DENIED",
        metadata: { roomId, seq: String(seq) },
      });
      expect((await client.messages.delete({ roomId, actor, seq })).entry?.seq).toBe(seq + 1);
      expect((await readMessage(bank, roomId, seq)).deletion?.actor?.kind.case).toBe(actor.kind?.case);
    }
  });

  test("what is deleted is deleted once, by a key or without one", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const send = { roomId, actor: user("ann"), content: text("one"), idempotencyKey: randomUUID() };
    const { seq } = found((await maru.messages.send(send)).entry);
    const request = { roomId, actor: user("ann"), seq, idempotencyKey: randomUUID() };
    const tries = Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? maru : other).messages.delete(request));
    const answers = await Promise.all(tries);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await other.messages.delete({ roomId, actor: service(), seq, reason: "again" })).entry).toBeUndefined();
    expect(await other.messages.delete(request)).toEqual(answers[0]);
    expect(await readLog(maru, roomId)).toHaveLength(3);
    const again = found((await other.messages.send(send)).entry);
    expect([again.seq, textOf(messageOf(again))]).toEqual([seq, undefined]);
    expect(await refusal(maru.messages.send({ ...send, content: text("two") }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      metadata: { seq: String(seq) },
    });
    expect(await readLog(maru, roomId)).toHaveLength(3);
  });

  test("only a message that is there is deleted", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const remove = (seq: number) => maru.messages.delete({ roomId, actor: service(), seq });
    expect(await refusal(remove(1))).toMatchObject({ reason: "NOT_A_MESSAGE", code: "NOT_FOUND" });
    expect(await refusal(remove(2))).toMatchObject({ reason: "ENTRY_NOT_FOUND", code: "NOT_FOUND" });
    expect(await refusal(remove(0))).toMatchObject(invalid("seq"));
    expect(await refusal(maru.messages.delete({ roomId, actor: user("eve"), seq: 1 }))).toMatchObject({
      reason: "NOT_A_MEMBER",
    });
    const long = { roomId, actor: service(), seq: 1, reason: "x".repeat(1025) };
    expect(await refusal(maru.messages.delete(long))).toMatchObject(invalid("reason"));
  });
}
