import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Stack } from "@maru/devstack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCopy } from "../src/copy/run-copy.ts";
import { createWorld, startEngines } from "./migrate-world.ts";
import { readRejects } from "./read-rejects.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startEngines();
});
afterAll(() => stack?.close());

describe("a copy of the conversations", () => {
  test("has all that the source has, but for what it rejects and says why", async () => {
    await using world = await createWorld(stack);
    const { sql, store } = world;
    await sql.query(
      "insert into messages (room_id, sender_id, body, created_at, updated_at) values (1, null, 'nobody', now(), now()), (999999, 1, 'nowhere', now(), now())",
    );
    const report = await runCopy(world.copyOptions());
    const { rows } = await sql.query<{ count: string }>("select count(*) from messages");
    expect(report.counts.messages.source).toBe(Number(rows[0]?.count));
    const { source, copied, rejected } = report.counts.messages;
    expect(copied + rejected).toBe(source);
    const rejects = await readRejects(world.folder);
    expect(rejects.filter(({ table }) => table === "messages")).toHaveLength(rejected);
    expect(rejects).toContainEqual(expect.objectContaining({ table: "messages", reason: "sender_missing" }));
    expect(rejects).toContainEqual(expect.objectContaining({ roomId: "999999", reason: "room_missing" }));

    const room = await store.readRoom("1");
    expect(room).toMatchObject({ kind: "group", authority: "postgresql" });
    const entries = await store.readEntries({ roomId: "1", limit: 10_000 });
    expect(entries.map(({ entry }) => entry.seq)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.every(({ entry }) => entry.imported !== undefined)).toBe(true);
    const deleted = await sql.query<{ id: string }>(
      "select id from messages where deleted_at is not null and room_id = 1",
    );
    const tombstones = entries.filter(
      ({ entry }) => entry.body.case === "messageSent" && entry.body.value.deletion !== undefined,
    );
    expect(tombstones.map(({ entry }) => entry.imported?.sourceId)).toEqual(
      deleted.rows.map(({ id }) => `messages/${id}`),
    );
    expect(
      tombstones.every(({ entry }) => entry.body.case === "messageSent" && entry.body.value.content === undefined),
    ).toBe(true);
  });

  test("leaves a file that says where each message is", async () => {
    await using world = await createWorld(stack);
    const { counts } = await runCopy(world.copyOptions());
    const duckdb = await (await DuckDBInstance.create()).connect();
    const places = await duckdb.runAndReadAll(
      `select message_id, room_id, seq from '${join(world.folder, "mapping/*.parquet")}' order by message_id`,
    );
    const rows = places.getRowObjects();
    expect(rows).toHaveLength(counts.messages.copied);
    const { message_id, room_id, seq } = rows[77] as Record<string, unknown>;
    const entry = await world.store.readEntry(String(room_id), Number(seq));
    expect(entry?.entry.imported?.sourceId).toBe(`messages/${message_id}`);
    expect((await readdir(join(world.folder, "work"))).length).toBe(0);
    await readFile(join(world.folder, "rejects/chunk-0000000.ndjson"));
  });
});
