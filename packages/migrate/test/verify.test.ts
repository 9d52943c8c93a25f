import { DeleteItemCommand, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { Stack } from "@maru/devstack";
import { entryKey, memberKey } from "@maru/server/store/keys.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCopy } from "../src/copy/run-copy.ts";
import { reportPage } from "../src/verify/report-page.ts";
import type { VerifyOptions, VerifyReport } from "../src/verify/run-verify.ts";
import { createWorld, type MigrateWorld, startEngines, verifyWorld } from "./migrate-world.ts";

let stack: Stack;
let world: MigrateWorld;
beforeAll(async () => {
  stack = await startEngines();
  world = await createWorld(stack);
  await world.sql.query(
    "insert into messages (room_id, sender_id, body, reply_to_id, created_at, updated_at) values (2, null, 'nobody', null, now(), now()), (2, 1, 'to nobody', (select max(id) from messages) + 1, now(), now())",
  );
  await runCopy(world.copyOptions());
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await stack?.close();
});

const verify = (changed: Partial<VerifyOptions> = {}) => verifyWorld(world, changed);

async function change(
  key: ReturnType<typeof entryKey>,
  to: (item: Record<string, unknown>) => object,
): Promise<() => Promise<unknown>> {
  const { client, table: TableName } = world.target;
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: key }));
  if (Item === undefined) throw new Error("there is no such item");
  await client.send(new PutItemCommand({ TableName, Item: { ...Item, ...to(Item) } }));
  return () => client.send(new PutItemCommand({ TableName, Item }));
}

const kinds = ({ differences }: VerifyReport) => differences.map(({ kind, roomId, id }) => ({ kind, roomId, id }));

describe("both sides", () => {
  test("are equal after a copy, most rooms by their hashes alone, those with rejected rows too", async () => {
    const report = await verify();
    expect(report.differences).toEqual([]);
    expect(report.rooms).toBe(6);
    expect(report.equalByHash).toBeGreaterThan(0);
    expect(reportPage(report, new Date())).toContain("Nothing differs");
  });

  test("differ by one changed character, which the page shows on both sides", async () => {
    const entries = await world.store.readEntries({ roomId: "3", limit: 200 });
    const place = entries.find(
      ({ entry }) => entry.body.case === "messageSent" && entry.body.value.content?.kind.case === "text",
    );
    const seq = place?.entry.seq ?? 0;
    const undo = await change(entryKey("3", seq), ({ body }) => ({
      body: JSON.parse(JSON.stringify(body).replace(/"text":\{"S":"(.)/, '"text":{"S":"§')),
    }));
    const report = await verify();
    expect(report.differences).toEqual([expect.objectContaining({ kind: "text", roomId: "3", seq })]);
    expect(reportPage(report, new Date())).toContain("<mark>§</mark>");
    await undo();
  });

  test("differ by a missing message, two that are swapped, a wrong reader position, and a ghost", async () => {
    const { client, table: TableName } = world.target;
    const key = entryKey("1", 20);
    const { Item } = await client.send(new GetItemCommand({ TableName, Key: key }));
    await client.send(new DeleteItemCommand({ TableName, Key: key }));
    expect(kinds(await verify())).toContainEqual({
      kind: "message_missing",
      roomId: "1",
      id: Item?.imported?.M?.source_id?.S?.slice(9),
    });
    await client.send(new PutItemCommand({ TableName, Item: Item ?? {} }));

    const [a, b] = [entryKey("2", 30), entryKey("2", 31)];
    const items = await Promise.all([a, b].map((Key) => client.send(new GetItemCommand({ TableName, Key }))));
    const [first, second] = items.map((item) => item.Item ?? {});
    await client.send(new PutItemCommand({ TableName, Item: { ...second, ...a, seq: { N: "30" } } }));
    await client.send(new PutItemCommand({ TableName, Item: { ...first, ...b, seq: { N: "31" } } }));
    expect(kinds(await verify())).toContainEqual(expect.objectContaining({ kind: "order", roomId: "2" }));
    for (const Item of [first, second]) await client.send(new PutItemCommand({ TableName, Item: Item ?? {} }));

    const { rows } = await world.sql.query<{ user_id: string }>(
      "select user_id from participants where room_id = 4 and last_read_message_id is not null limit 1",
    );
    const userId = String(rows[0]?.user_id);
    const undo = await change(memberKey("4", userId), () => ({ read_seq: { N: "1" } }));
    expect(kinds(await verify())).toEqual([{ kind: "read_position", roomId: "4", id: userId }]);
    await undo();

    const ghost = {
      ...memberKey("5", "777777"),
      owner: { S: "777777" },
      joined_seq: { N: "1" },
      v: { N: "1" },
      role: { S: "MEMBER_ROLE_MEMBER" },
    };
    await client.send(new PutItemCommand({ TableName, Item: ghost }));
    expect(kinds(await verify())).toEqual([{ kind: "member_ghost", roomId: "5", id: "777777" }]);
    await client.send(new DeleteItemCommand({ TableName, Key: memberKey("5", "777777") }));
    expect((await verify()).differences).toEqual([]);
  });

  test("differ by a row that changed only in the source, and by one that is only there", async () => {
    await world.sql.query(
      "update messages set created_at = created_at + interval '1 microsecond' where id = (select max(id) from messages where room_id = 6 and sender_id is not null)",
    );
    expect((await verify({ roomIds: ["6"] })).differences.map(({ kind }) => kind)).toEqual(["created_at"]);
    await world.sql.query(
      "update messages set created_at = created_at - interval '1 microsecond' where id = (select max(id) from messages where room_id = 6 and sender_id is not null)",
    );
    expect((await verify({ sample: 3 })).differences).toEqual([]);
  });
});
