import { randomUUID } from "node:crypto";
import { toJsonString } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Maru, service, system, text, user } from "@maru/client";
import { EntrySchema, HoldState, type Message } from "@maru/protocol";
import { expect, test } from "vitest";
import { messageOf, readMessage, textOf } from "./message-of.ts";
import { invalid, refusal } from "./refusal.ts";
import { found, openRoom, readLog, type Scene, say } from "./scene.ts";

const minuteMs = 60_000;
const cancelledStanding = { said: undefined, state: "CANCELLED", expires: false };

/** Where a two-step message stands. */
function standing(message: Message) {
  return { said: textOf(message), state: HoldState[message.holdState], expires: message.holdExpiresAt !== undefined };
}

export function holdMessageSuite(scene: () => Scene): void {
  async function hold(maru: Maru, roomId: string, holdMs = minuteMs, userId = "ann"): Promise<number> {
    const { entry } = await maru.messages.send({ roomId, actor: user(userId), content: text("held"), holdMs });
    return found(entry).seq;
  }

  test("a held message has its number, and only its sender and services see what it says", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const mentions = [{ target: { case: "userId" as const, value: "bob" } }];
    const { entry } = await maru.messages.send({
      roomId,
      actor: user("ann"),
      content: text("held"),
      mentions,
      holdMs: minuteMs,
    });
    const sent = messageOf(entry);
    expect(sent).toMatchObject({ content: text("held"), mentions, holdState: HoldState.HELD });
    expect(timestampMs(found(sent.holdExpiresAt)) - timestampMs(found(found(entry).createdAt))).toBe(minuteMs);
    const { seq } = found(entry);
    for (const actor of [undefined, service(), system(), user("ann")]) {
      const seen = actor === undefined ? { roomId } : { roomId, actor };
      expect((await other.messages.get({ ...seen, seq })).entry).toEqual(entry);
      expect((await other.messages.list(seen)).entries).toEqual([entry]);
      expect((await other.messages.listMessageVersions({ ...seen, seq })).versions).toHaveLength(1);
    }
    const asBob = { roomId, actor: user("bob") };
    const hidden = messageOf((await other.messages.get({ ...asBob, seq })).entry);
    expect(hidden).toEqual({ ...sent, content: undefined, mentions: [] });
    expect(messageOf((await maru.messages.list(asBob)).entries[0])).toEqual(hidden);
    expect((await maru.messages.listMessageVersions({ ...asBob, seq })).versions).toEqual([]);
    expect(messageOf((await readLog(other, roomId))[1])).toEqual(hidden);
  });

  test("a committed message is everybody's, and the entry of the commit brings its content", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const seq = await hold(maru, roomId);
    const { entry } = await other.messages.commit({ roomId, actor: service(), seq });
    expect(found(entry)).toMatchObject({ seq: 3, stateSeq: 1, type: "message_committed" });
    const committed = await readMessage(maru, roomId, seq);
    expect(standing(committed)).toEqual({ said: "held", state: "COMMITTED", expires: false });
    expect(found(entry).body.value).toMatchObject({ targetSeq: seq, message: committed });
    expect(messageOf((await other.messages.get({ roomId, seq, actor: user("bob") })).entry)).toEqual(committed);
    expect(messageOf((await readLog(maru, roomId))[1])).toEqual(committed);
    await maru.messages.edit({ roomId, actor: user("ann"), seq, content: text("edited") });
    const { versions } = await other.messages.listMessageVersions({ roomId, seq, actor: user("bob") });
    expect(versions.map((version) => [version.seq, textOf(version)])).toEqual([
      [2, "held"],
      [4, "edited"],
    ]);
    await maru.messages.delete({ roomId, actor: user("ann"), seq });
    expect((await readLog(other, roomId)).map((logged) => toJsonString(EntrySchema, logged)).join()).not.toMatch(
      /"(held|edited)"/,
    );
  });

  test("a cancelled message says nothing any more; its sender, services and the system cancel", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    for (const actor of [user("ann"), service(), system()]) {
      const seq = await hold(maru, roomId);
      for (const stranger of [user("bob"), user("root")]) {
        expect(await refusal(maru.messages.cancel({ roomId, actor: stranger, seq }))).toMatchObject({
          reason: "NOT_THE_AUTHOR",
          code: "PERMISSION_DENIED",
          metadata: { roomId, seq: String(seq) },
        });
      }
      const { entry } = await other.messages.cancel({ roomId, actor, seq, reason: "no funds" });
      expect(found(entry)).toMatchObject({
        seq: seq + 1,
        type: "message_cancelled",
        body: { value: { targetSeq: seq, expired: false, reason: "no funds" } },
      });
      for (const viewer of [service(), user("ann")]) {
        const cancelled = messageOf((await maru.messages.get({ roomId, seq, actor: viewer })).entry);
        expect(standing(cancelled)).toEqual(cancelledStanding);
      }
    }
  });

  test("a hold ends once: what was committed, cancelled, deleted or never held is not open", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const committed = await hold(maru, roomId);
    await maru.messages.commit({ roomId, actor: service(), seq: committed });
    const cancelled = await hold(maru, roomId);
    await maru.messages.cancel({ roomId, actor: user("ann"), seq: cancelled });
    const deleted = await hold(maru, roomId);
    await maru.messages.delete({ roomId, actor: user("ann"), seq: deleted });
    expect(await readMessage(other, roomId, deleted)).toMatchObject({ holdState: HoldState.CANCELLED });
    const plain = await say(maru, roomId, "plain");
    for (const seq of [committed, cancelled, deleted, plain]) {
      for (const call of [other.messages.commit, other.messages.cancel]) {
        expect(await refusal(call({ roomId, actor: service(), seq }))).toMatchObject({
          reason: "HOLD_NOT_OPEN",
          code: "FAILED_PRECONDITION",
          metadata: { roomId, seq: String(seq) },
        });
      }
    }
  });

  test("of commits and cancellations at once over two servers one takes place", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    for (let round = 0; round < 5; round++) {
      const seq = await hold(maru, roomId);
      const calls = [maru, other].flatMap(({ messages }) => [
        messages.commit({ roomId, actor: service(), seq }),
        messages.cancel({ roomId, actor: user("ann"), seq }),
      ]);
      const ended = await Promise.allSettled(calls);
      expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(await readLog(maru, roomId)).toHaveLength(1 + 2 * (round + 1));
    }
  });

  test("users do not commit, and what is held cannot be edited, reacted to or pinned", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await hold(maru, roomId);
    const actor = user("ann");
    expect(await refusal(maru.messages.commit({ roomId, actor, seq }))).toMatchObject({
      reason: "ACTOR_NOT_ALLOWED",
      code: "INVALID_ARGUMENT",
    });
    const calls = [
      maru.messages.edit({ roomId, actor, seq, content: text("x") }),
      maru.messages.setReactions({ roomId, actor, seq, kinds: ["x"] }),
      maru.messages.pin({ roomId, actor, seq }),
    ];
    for (const told of await Promise.all(calls.map(refusal))) {
      expect(told).toMatchObject({
        reason: "MESSAGE_HELD",
        code: "FAILED_PRECONDITION",
        metadata: { seq: String(seq) },
      });
    }
    expect(await refusal(maru.messages.commit({ roomId, actor: service(), seq: 1 }))).toMatchObject({
      reason: "NOT_A_MESSAGE",
    });
    expect(await refusal(maru.messages.cancel({ roomId, actor: service(), seq: 9 }))).toMatchObject({
      reason: "ENTRY_NOT_FOUND",
    });
    const long = maru.messages.send({ roomId, actor, content: text("x"), holdMs: 86_400_001 });
    expect(await refusal(long)).toMatchObject(invalid("hold_ms"));
  });

  test("acts on a hold are repeated safely: the send, the commit and the cancellation", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const request = () => ({
      roomId,
      actor: user("ann"),
      content: text("held"),
      holdMs: minuteMs,
      idempotencyKey: randomUUID(),
    });
    const send = request();
    const { seq } = found((await maru.messages.send(send)).entry);
    const act = { roomId, actor: service(), seq, idempotencyKey: randomUUID() };
    const first = await maru.messages.commit(act);
    expect(await other.messages.commit(act)).toEqual(first);
    expect((await other.messages.send(send)).entry).toMatchObject({
      seq,
      body: { value: { holdState: HoldState.COMMITTED } },
    });
    const second = found((await maru.messages.send(request())).entry).seq;
    const cancel = { ...act, seq: second, idempotencyKey: randomUUID() };
    const cancelled = await other.messages.cancel(cancel);
    expect(await maru.messages.cancel(cancel)).toEqual(cancelled);
    expect(await refusal(maru.messages.send({ ...send, holdMs: 0 }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
    });
    expect(await readLog(maru, roomId)).toHaveLength(5);
  });

  test("a hold that runs out counts as cancelled at once, and one entry of the system says so", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await hold(maru, roomId, 1);
    await expect
      .poll(async () => standing(await readMessage(other, roomId, seq)), { timeout: 10_000 })
      .toEqual(cancelledStanding);
    expect(await refusal(maru.messages.commit({ roomId, actor: service(), seq }))).toMatchObject({
      reason: "HOLD_NOT_OPEN",
    });
    await expect.poll(() => readLog(maru, roomId), { timeout: 20_000 }).toHaveLength(3);
    const [, , entry] = await readLog(maru, roomId);
    expect(entry).toMatchObject({
      type: "message_cancelled",
      caller: "maru",
      actor: system(),
      body: { value: { targetSeq: seq, expired: true, reason: "" } },
    });
    await say(maru, roomId, "and on");
    expect(await readLog(other, roomId)).toHaveLength(4);
  });
}
