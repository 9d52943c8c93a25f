import { type Maru, service, text, user, watchRoom } from "@maru/client";
import type { WatchRoomResponse } from "@maru/protocol";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { found, names, openRoom, type Scene, say, sayMany } from "./scene.ts";

const timeout = 30_000;

export function watchRoomSuite(scene: () => Scene): void {
  test("first comes what is there, then what is sent on this server and on the other, in order", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 60);
    const watched = watchAll(maru, roomId);
    await expect.poll(() => watched.seqs, { timeout }).toEqual(range(1, 61));
    for (let round = 0; round < 5; round++) {
      await say(maru, roomId, "here");
      await say(other, roomId, "there");
    }
    await expect.poll(() => watched.seqs, { timeout }).toEqual(range(1, 71));
    await other.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "bob" }] });
    await expect.poll(() => watched.types.at(-1), { timeout }).toBe("members_added");
    await watched.stop();
  });

  test("a thousand entries of fifty writers on the other server come once each and in order", {
    timeout: 240_000,
  }, async () => {
    const { maru, other } = scene();
    const userIds = names("user", 50);
    const roomId = await openRoom(maru, userIds);
    const watched = [watchAll(maru, roomId), watchAll(maru, roomId), watchAll(other, roomId)];
    const write = async (userId: string) => {
      for (const words of names("text", 20)) {
        await other.messages.send({ roomId, actor: user(userId), content: text(words) }, { timeoutMs: 200_000 });
      }
    };
    await Promise.all(userIds.map(write));
    for (const { seqs } of watched) await expect.poll(() => seqs.length, { timeout }).toBe(1_001);
    for (const { seqs } of watched) expect(seqs).toEqual(range(1, 1_001));
    await Promise.all(watched.map(({ stop }) => stop()));
  });

  test("a watch begins where it is asked to, and silence is ended by heartbeats", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 3);
    const leaving = new AbortController();
    const stream = other.events.watchRoom({ roomId, after: 2, heartbeatMs: 1_000 }, { signal: leaving.signal });
    const parts = stream[Symbol.asyncIterator]();
    const next = async (): Promise<WatchRoomResponse["kind"]> => found((await parts.next()).value).kind;
    expect(await next()).toMatchObject({ case: "entries", value: { entries: [{ seq: 3 }, { seq: 4 }] } });
    const beats = [await next(), await next(), await next()];
    for (const beat of beats) expect(beat).toMatchObject({ case: "heartbeat", value: { lastSeq: 4 } });
    const [first, second] = beats.map((beat) => Number(beat.case === "heartbeat" && beat.value.serverTime?.seconds));
    expect(found(second)).toBeGreaterThan(found(first));
    await say(maru, roomId, "at last");
    expect(await next()).toMatchObject({ case: "entries", value: { entries: [{ seq: 5 }] } });
    leaving.abort();
    await expect(parts.next()).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("what cannot be watched is refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const open = (request: { roomId: string; after?: number; heartbeatMs?: number }) =>
      refusal(Array.fromAsync(maru.events.watchRoom(request)));
    expect(await open({ roomId: "nowhere" })).toMatchObject({
      reason: "ROOM_NOT_FOUND",
      code: "NOT_FOUND",
      metadata: { roomId: "nowhere" },
    });
    expect(await open({ roomId, after: 2 })).toMatchObject({
      reason: "SEQ_BEYOND_END",
      code: "FAILED_PRECONDITION",
      metadata: { roomId, seq: "2", lastSeq: "1" },
    });
    expect(await open({ roomId: "no room" })).toMatchObject(invalid("room_id"));
    for (const heartbeatMs of [1, 999, 60_001]) {
      expect(await open({ roomId, heartbeatMs })).toMatchObject(invalid("heartbeat_ms"));
    }
  });

  test("a watch that would pass over what retention took is refused, and goes on behind it", async () => {
    const { maru, world } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 5);
    await world.store.raisePurgedBelow(roomId, 4);
    await world.store.deleteEntries(roomId, [2, 3]);
    for (const after of [0, 1, 2]) {
      const told = await refusal(Array.fromAsync(watchRoom(maru, { roomId, after })));
      expect(told).toMatchObject({
        reason: "ENTRY_PURGED",
        code: "NOT_FOUND",
        metadata: { roomId, seq: String(Math.max(after, 1) + 1), purgedBelow: "4" },
      });
    }
    const watched = watchAll(maru, roomId, 3);
    await expect.poll(() => watched.seqs, { timeout }).toEqual([4, 5, 6]);
    await watched.stop();
  });
}

function watchAll(maru: Maru, roomId: string, after = 0) {
  const leaving = new AbortController();
  const seqs: number[] = [];
  const types: string[] = [];
  const run = async () => {
    for await (const entry of watchRoom(maru, { roomId, after }, { signal: leaving.signal })) {
      seqs.push(entry.seq);
      types.push(entry.type);
    }
  };
  const end = run().catch((error: unknown) => error);
  const stop = async () => {
    leaving.abort();
    expect(await end).toMatchObject({ code: "CANCELLED" });
  };
  return { seqs, types, stop };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
