import type { Stack } from "@maru/devstack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCopy } from "../src/copy/run-copy.ts";
import { type FollowOptions, type FollowProgress, runFollow } from "../src/follow/run-follow.ts";
import { startChatWriter } from "../src/monolith/chat-writer.ts";
import { createWorld, loadRooms, type MigrateWorld, startEngines, verifyWorld } from "./migrate-world.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startEngines();
});
afterAll(() => stack?.close());

function follow(world: MigrateWorld, changed: Partial<FollowOptions> = {}): Promise<FollowProgress> {
  const { source, mapping, target, migration, folder } = world;
  const fixed = { source, mapping, target, migration, folder, parallel: 8, untilCaughtUp: true };
  return runFollow({ ...fixed, signal: new AbortController().signal, onProgress: () => undefined, ...changed });
}

const texts = ["hello", "are you there?", "yes", "the price is 20", "예, 좋아요 👍"];

describe("following", () => {
  test("brings everything that people do while the rooms are copied, and after", { timeout: 180_000 }, async () => {
    await using world = await createWorld(stack, loadRooms(2));
    const writer = await startChatWriter({ source: world.source, writers: 3, seed: 1, texts, pauseMs: 50 });
    await expect.poll(() => writer.committed, { timeout: 20_000 }).toBeGreaterThan(10);
    await runCopy(world.copyOptions());
    const stopping = new AbortController();
    const following = follow(world, { untilCaughtUp: false, signal: stopping.signal });
    const before = writer.committed;
    await expect.poll(() => writer.committed, { timeout: 20_000 }).toBeGreaterThan(before + 60);
    await writer.stop();
    stopping.abort();
    await following;
    const end = await follow(world);
    expect(end.rejected + end.wrongSide).toBe(0);
    const report = await verifyWorld(world);
    expect(report.differences).toEqual([]);
    expect(report.rooms).toBeGreaterThanOrEqual(2);
  });

  test("does nothing twice: what was written is known by its place, wherever the slot begins again", async () => {
    await using world = await createWorld(stack);
    await runCopy(world.copyOptions());
    const { sql } = world;
    await sql.query(
      "insert into messages (room_id, sender_id, body, created_at, updated_at) select 1, 1, 'n ' || n, now(), now() from generate_series(1, 30) n",
    );
    await sql.query("update messages set body = body || '!', edited_at = now() where room_id = 1 and body like 'n %'");
    await sql.query("delete from messages where body = 'n 7!'");
    // A slot that stays where it is: as if the program had died before each acknowledgement.
    await sql.query("select pg_copy_logical_replication_slot($1, $2)", [
      `maru_${world.migration}`,
      `maru_${world.migration}_again`,
    ]);
    await follow(world);
    const tail = await world.store.readEntries({ roomId: "1", newestFirst: true, limit: 1 });
    await sql.query("select pg_drop_replication_slot($1)", [`maru_${world.migration}`]);
    await sql.query("select pg_copy_logical_replication_slot($1, $2)", [
      `maru_${world.migration}_again`,
      `maru_${world.migration}`,
    ]);
    await follow(world);
    expect((await world.store.readEntries({ roomId: "1", newestFirst: true, limit: 1 }))[0]?.entry.seq).toBe(
      tail[0]?.entry.seq,
    );
    expect((await verifyWorld(world)).differences).toEqual([]);
  });

  test("says what to do when the slot is gone", async () => {
    await using world = await createWorld(stack);
    await runCopy(world.copyOptions());
    await world.sql.query("select pg_drop_replication_slot($1)", [`maru_${world.migration}`]);
    await expect(follow(world)).rejects.toThrow("copy --restart");
    await expect(runCopy(world.copyOptions())).rejects.toThrow("copy --restart");
    await runCopy(world.copyOptions({ restart: true }));
    await follow(world);
    expect((await verifyWorld(world)).differences).toEqual([]);
  });
});
