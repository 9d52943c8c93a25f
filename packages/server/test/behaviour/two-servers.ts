import { service, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { refusal } from "./refusal.ts";
import { found, fresh, openRoom, readLog, type Scene, say, seqsOf } from "./scene.ts";

/** What the one server wrote, the other must know at once, also where it has the room in its cache. */
export function twoServersSuite(scene: () => Scene): void {
  test("who was added on one server writes on the other at once, and who was removed does not", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    for (let round = 0; round < 10; round++) {
      const [one, two] = round % 2 === 0 ? [maru, other] : [other, maru];
      expect(await refusal(say(two, roomId, "not yet", "bob"))).toMatchObject({ reason: "NOT_A_MEMBER" });
      await one.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "bob" }] });
      expect(await say(two, roomId, "now", "bob")).toBe(round * 3 + 3);
      await one.rooms.removeMembers({ roomId, actor: service(), userIds: ["bob"] });
      expect(await refusal(say(two, roomId, "no more", "bob"))).toMatchObject({ reason: "NOT_A_MEMBER" });
      expect(await refusal(two.reads.markRead({ roomId, actor: user("bob"), seq: 1 }))).toMatchObject({
        reason: "NOT_A_MEMBER",
      });
    }
  });

  test("a message is there for every read of the other server as soon as it is acknowledged", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    for (let round = 0; round < 10; round++) {
      const [one, two] = round % 2 === 0 ? [maru, other] : [other, maru];
      const seq = await say(one, roomId, `round ${round}`);
      const [got, listed, entries, room, reply] = await Promise.all([
        two.messages.get({ roomId, seq }),
        two.messages.list({ roomId, pageSize: 1 }),
        two.events.listEntries({ roomId, after: seq - 1 }),
        two.rooms.get({ roomId }),
        two.messages.send({ roomId, actor: user("ann"), content: text("re"), replyToSeq: seq }),
      ]);
      expect(got.entry?.seq).toBe(seq);
      expect(found(listed.entries[0]).seq).toBeGreaterThanOrEqual(seq);
      expect(seqsOf(entries.entries)[0]).toBe(seq);
      expect(room.room?.lastSeq).toBeGreaterThanOrEqual(seq);
      expect((await one.reads.markRead({ roomId, actor: user("ann"), seq: found(reply.entry).seq })).marker).toEqual(
        (await two.reads.getReadMarkers({ roomId, userIds: ["ann"] })).markers[0],
      );
    }
  });

  test("what a message says now is in every page at once, also where the server had the page in its cache", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "first");
    await say(maru, roomId, "behind it");
    for (let round = 1; round <= 5; round++) {
      const editor = round % 2 === 0 ? maru : other;
      await editor.messages.edit({ roomId, actor: user("ann"), seq, content: text(`round ${round}`) });
      for (const one of [maru, other, maru]) {
        const [listed, entries] = await Promise.all([
          one.messages.list({ roomId }),
          one.events.listEntries({ roomId, after: seq - 1 }),
        ]);
        const says = { seq, body: { value: { content: { kind: { value: { text: `round ${round}` } } } } } };
        expect(listed.entries.find((entry) => entry.seq === seq)).toMatchObject(says);
        expect(entries.entries[0]).toMatchObject(says);
      }
    }
  });

  test("two servers that write by turns make one log without holes, whose times never go back", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const writers = ["ann", "bob", "ann", "bob"].map(async (userId, n) => {
      for (let round = 0; round < 10; round++) await say(n % 2 === 0 ? maru : other, roomId, `${n} ${round}`, userId);
    });
    await Promise.all(writers);
    const log = await readLog(other, roomId);
    expect(seqsOf(log)).toEqual(Array.from({ length: 41 }, (_, n) => n + 1));
    const times = log.map(({ createdAt }) => Number(found(createdAt).seconds) * 1e9 + found(createdAt).nanos);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("a room is shown as it was at one moment, also while its members change", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, []);
    const seen: { lastSeq: number; stateSeq: number; memberCount: number }[] = [];
    let writing = true;
    const write = async () => {
      for (let round = 0; round < 15; round++) {
        const userId = fresh("user");
        await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId }] });
        await maru.messages.send({ roomId, actor: user(userId), content: text("hi") });
      }
      writing = false;
    };
    const watch = async () => {
      while (writing) {
        const { rooms } = await other.rooms.batchGet({ roomIds: [roomId] });
        seen.push(found((await other.rooms.get({ roomId })).room), found(rooms[0]));
      }
    };
    await Promise.all([write(), watch(), watch()]);
    // Entry 1 has one member; each even entry adds one more.
    const shown = seen.map(({ lastSeq, stateSeq, memberCount }) => ({ lastSeq, stateSeq, memberCount }));
    const truth = seen.map(({ lastSeq }) => ({
      lastSeq,
      stateSeq: lastSeq === 1 ? 1 : lastSeq - (lastSeq % 2),
      memberCount: 1 + Math.floor(lastSeq / 2),
    }));
    expect(shown).toEqual(truth);
  });
}
