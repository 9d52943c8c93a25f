import { randomUUID } from "node:crypto";
import { paginate, service, user } from "@maru/client";
import { expect, test } from "vitest";
import { readMessage } from "./message-of.ts";
import { invalid, refusal } from "./refusal.ts";
import { openRoom, readLog, type Scene, say } from "./scene.ts";

export function reactionsSuite(scene: () => Scene): void {
  test("reactions are a user's set, counted by kind in order of first use", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const seq = await say(maru, roomId, "hello");
    const react = async (userId: string, ...kinds: string[]) => {
      const { entry, reactions } = await (userId === "ann" ? maru : other).messages.setReactions({
        roomId,
        actor: user(userId),
        seq,
        kinds,
      });
      const counts = reactions.map(({ kind, userCount }) => `${kind} ${userCount}`);
      expect((await readMessage(maru, roomId, seq)).reactions).toEqual(reactions);
      if (entry?.body.case !== "reactionsChanged") return [entry?.body.case, counts];
      expect(entry.body.value).toMatchObject({ targetSeq: seq, userId, kinds });
      expect(entry.stateSeq).toBe(1);
      return [entry.seq, counts];
    };
    expect(await react("ann", "👍")).toEqual([3, ["👍 1"]]);
    expect(await react("bob", "❤️", "👍")).toEqual([4, ["👍 2", "❤️ 1"]]);
    expect(await react("ann", "😀", "👍")).toEqual([5, ["👍 2", "❤️ 1", "😀 1"]]);
    expect(await react("ann", "👍", "😀")).toEqual([undefined, ["👍 2", "❤️ 1", "😀 1"]]);
    expect(await react("ann", "😀")).toEqual([6, ["👍 1", "❤️ 1", "😀 1"]]);
    expect(await react("bob")).toEqual([7, ["😀 1"]]);
    expect(await react("bob")).toEqual([undefined, ["😀 1"]]);
    expect(await react("bob", "👍")).toEqual([8, ["😀 1", "👍 1"]]);
    expect((await other.messages.listReactions({ roomId, seq })).reactions).toMatchObject([
      { userId: "ann", kinds: ["😀"] },
      { userId: "bob", kinds: ["👍"] },
    ]);
  });

  test("who reacted is listed by user id, page by page", async () => {
    const { maru, other } = scene();
    const userIds = ["zoe", "ann", "eve", "bob", "cem"];
    const roomId = await openRoom(maru, userIds);
    const seq = await say(maru, roomId, "hello");
    for (const userId of userIds)
      await maru.messages.setReactions({ roomId, actor: user(userId), seq, kinds: ["a", "b"] });
    for (const pageSize of [1, 2, 5, 200]) {
      const all = await Array.fromAsync(paginate(other.messages.listReactions, { roomId, seq, pageSize }));
      expect(all.map(({ userId }) => userId)).toEqual(userIds.toSorted());
      expect(all.map(({ kinds }) => kinds.join())).toEqual(Array(5).fill("a,b"));
    }
    const { nextPageToken: pageToken } = await maru.messages.listReactions({ roomId, seq, pageSize: 2 });
    expect(await refusal(maru.messages.listReactions({ roomId, seq: 1, pageToken }))).toMatchObject({
      reason: "PAGE_TOKEN_INVALID",
    });
    expect(await refusal(maru.messages.listReactions({ roomId, seq: 1 }))).toMatchObject({ reason: "NOT_A_MESSAGE" });
    expect(await refusal(maru.messages.listReactions({ roomId: "nowhere", seq: 1 }))).toMatchObject({
      reason: "ROOM_NOT_FOUND",
    });
  });

  test("so many users react to a message and no more; those who did may change their minds", async () => {
    const { maru, other } = scene();
    const userIds = ["u1", "u2", "u3", "u4", "u5", "u6"];
    const roomId = await openRoom(maru, ["ann", ...userIds]);
    const seq = await say(maru, roomId, "hello");
    const react = (userId: string, ...kinds: string[]) =>
      other.messages.setReactions({ roomId, actor: user(userId), seq, kinds });
    for (const userId of userIds.slice(0, 5)) await react(userId, "x");
    expect(await refusal(react("u6", "x"))).toMatchObject({
      reason: "REACTION_LIMIT_REACHED",
      code: "FAILED_PRECONDITION",
      metadata: { roomId, seq: String(seq), limit: "5" },
    });
    expect((await react("u6")).entry).toBeUndefined();
    expect((await react("u1", "y")).reactions).toMatchObject([{ userCount: 4 }, { userCount: 1 }]);
    await react("u1");
    expect((await react("u6", "x")).reactions).toMatchObject([{ kind: "x", userCount: 5 }]);
  });

  test("users react, members only, to messages that are there; 10 kinds are taken and 11 refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "hello");
    const react = (at: number, kinds: string[], actor = user("ann")) =>
      maru.messages.setReactions({ roomId, actor, seq: at, kinds });
    const many = Array.from({ length: 11 }, (_, n) => String(n).padEnd(64, "é").slice(0, 32));
    expect((await react(seq, many.slice(0, 10))).reactions).toHaveLength(10);
    expect(await refusal(react(seq, many))).toMatchObject(invalid("kinds"));
    expect(await refusal(react(seq, ["x", "x"]))).toMatchObject(invalid("kinds"));
    expect(await refusal(react(seq, [""]))).toMatchObject(invalid("kinds[0]"));
    expect(await refusal(react(seq, ["x"], service()))).toMatchObject({
      reason: "ACTOR_NOT_ALLOWED",
      code: "INVALID_ARGUMENT",
    });
    expect(await refusal(react(seq, ["x"], user("eve")))).toMatchObject({ reason: "NOT_A_MEMBER" });
    expect(await refusal(react(1, ["x"]))).toMatchObject({ reason: "NOT_A_MESSAGE" });
    expect(await refusal(react(9, ["x"]))).toMatchObject({ reason: "ENTRY_NOT_FOUND" });
    await maru.messages.delete({ roomId, actor: user("ann"), seq });
    expect(await refusal(react(seq, ["x"]))).toMatchObject({ reason: "MESSAGE_DELETED" });
  });

  test("reactions at once over two servers are all counted, and a repeated one once", async () => {
    const { maru, other } = scene();
    const userIds = ["u1", "u2", "u3", "u4", "u5"];
    const roomId = await openRoom(maru, ["ann", ...userIds]);
    const seq = await say(maru, roomId, "hello");
    const calls = userIds.flatMap((userId) => {
      const request = { roomId, actor: user(userId), seq, kinds: ["👍"], idempotencyKey: randomUUID() };
      return [maru, other].map((client) => client.messages.setReactions(request));
    });
    const answers = await Promise.all(calls);
    for (let n = 0; n < answers.length; n += 2) expect(answers[n]?.entry).toEqual(answers[n + 1]?.entry);
    expect((await readMessage(maru, roomId, seq)).reactions).toMatchObject([{ kind: "👍", userCount: 5 }]);
    expect(await readLog(other, roomId)).toHaveLength(7);
  });
}
