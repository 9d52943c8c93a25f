import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Stack } from "@maru/devstack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCopy } from "../src/copy/run-copy.ts";
import { parseMapping } from "../src/mapping/read-mapping.ts";
import { openSnapshot } from "../src/source/open-snapshot.ts";
import { explainSourceError } from "../src/source/source-error.ts";
import { explainTargetError } from "../src/target/target-error.ts";
import { createWorld, startEngines, verifyWorld } from "./migrate-world.ts";
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

describe("a copy", () => {
  test("is shared by several processes, and each chunk is copied by one", async () => {
    await using world = await createWorld(stack);
    const once = world.copyOptions({ roomsPerChunk: 1, parallel: 1 });
    const other = await mkdtemp(join(tmpdir(), "maru-migrate-"));
    const [a, b] = await Promise.all([runCopy(once), runCopy({ ...once, folder: other })]);
    expect(a.counts).toEqual(b.counts);
    const mine = await readdir(join(world.folder, "mapping"));
    const others = await readdir(join(other, "mapping"));
    expect([...mine, ...others].toSorted()).toEqual([...new Set([...mine, ...others])].toSorted());
    expect(mine.length).toBeGreaterThan(0);
    expect((await verifyWorld(world)).differences).toEqual([]);
    await rm(other, { recursive: true });
  });

  test("says in one sentence what is wrong, and goes on when it is mended", async () => {
    await using world = await createWorld(stack);
    const { sql, migration } = world;
    const wrongTable = parseMapping(
      world.mappingFile.replace("table: messages", "table: mesages").replace("text: body", "text: bdy"),
      "m.yaml",
    );
    await expect(runCopy(world.copyOptions({ mapping: wrongTable }))).rejects.toThrow(
      "m.yaml:21: there is no table public.mesages",
    );
    const wrongColumn = parseMapping(world.mappingFile.replace("text: body", "text: bdy"), "m.yaml");
    await expect(runCopy(world.copyOptions({ mapping: wrongColumn }))).rejects.toThrow(
      /m\.yaml:\d+: public\.messages has no column bdy/,
    );

    await sql.query(`create role ${migration}_reader login`);
    await sql.query(`grant select on all tables in schema public to ${migration}_reader`);
    const reader = new URL(world.source);
    reader.username = `${migration}_reader`;
    const refusal = await runCopy(world.copyOptions({ source: reader.href })).catch(explainSourceError);
    expect(refusal).toMatchObject({ name: "SourceError", message: expect.stringContaining("own the chat") });
    await runCopy(world.copyOptions());
    const noReplication = await openSnapshot(reader.href).catch(explainSourceError);
    expect(noReplication).toMatchObject({ message: expect.stringContaining("ALTER ROLE") });
    await sql.query(`drop owned by ${migration}_reader; drop role ${migration}_reader`);

    const nobody = new URL(world.source);
    nobody.port = "9";
    expect(await runCopy(world.copyOptions({ source: nobody.href })).catch(explainSourceError)).toMatchObject({
      name: "SourceError",
    });
    await expect(
      runCopy(
        world.copyOptions({ mapping: { ...world.mapping, target: { ...world.mapping.target, room_id_prefix: "x" } } }),
      ),
    ).rejects.toThrow("--restart");
    expect(explainTargetError(Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" }))).toMatchObject({
      message: expect.stringContaining("make room"),
    });
  });
});
