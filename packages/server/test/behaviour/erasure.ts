import { randomUUID } from "node:crypto";
import { paginateScan } from "@aws-sdk/client-dynamodb";
import { type Entry, paginate, service, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { jobDone } from "./admin.ts";
import { admin, found, fresh, member, readLog, type Scene } from "./scene.ts";
import type { World } from "./world.ts";

/** Everything that the tables hold, as text. */
async function tableText({ tables }: World): Promise<string> {
  const items: unknown[] = [];
  for (const TableName of [tables.tableName, tables.controlTableName]) {
    const pages = paginateScan({ client: tables.client }, { TableName, ConsistentRead: true });
    for await (const { Items = [] } of pages) items.push(...Items);
  }
  return JSON.stringify(items);
}

export function erasureSuite(scene: () => Scene): void {
  test("after an erasure the user's text is nowhere: table, history, exports, caches; and an event says so", async () => {
    const { maru, other, world } = scene();
    const secret = `secret-${randomUUID()}`;
    const userId = fresh("ann");
    const ann = user(userId);
    const rooms: string[] = [];
    for (let count = 0; count < 2; count++) {
      const members = [admin("root"), member(userId), member("bob")];
      const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
      rooms.push(found(room).roomId);
    }
    const [stayed = "", left = ""] = rooms;
    const send = async (roomId: string, words: string, holdMs = 0) =>
      found((await maru.messages.send({ roomId, actor: ann, content: text(words), holdMs })).entry).seq;

    for (const roomId of rooms) {
      const plain = await send(roomId, `${secret} plain`);
      await maru.messages.setReactions({ roomId, actor: user("bob"), seq: plain, kinds: ["👍"] });
      const edited = await send(roomId, `${secret} first`);
      for (const round of [1, 2]) {
        const content = text(`${secret} edit ${round}`);
        await maru.messages.edit({ roomId, actor: ann, seq: edited, content });
      }
      const committed = await send(roomId, `${secret} held`, 60_000);
      await maru.messages.commit({ roomId, actor: service(), seq: committed });
      const cancelled = await send(roomId, `${secret} given up`, 60_000);
      await maru.messages.cancel({ roomId, actor: ann, seq: cancelled, reason: `${secret} because` });
      await send(roomId, `${secret} still held`, 600_000);
      const deleted = await send(roomId, `${secret} deleted`);
      await maru.messages.delete({ roomId, actor: ann, seq: deleted, reason: `${secret} reason` });
      const bobs = await maru.messages.send({ roomId, actor: user("bob"), content: text("what bob said") });
      const target = found(bobs.entry).seq;
      await maru.messages.setReactions({ roomId, actor: ann, seq: target, kinds: [secret.slice(0, 40), "❤️"] });
      await maru.messages.setReactions({ roomId, actor: user("bob"), seq: target, kinds: ["❤️"] });
      // Both servers have read it all, and may have it in their caches.
      for (const one of [maru, other]) {
        await one.messages.list({ roomId, pageSize: 200 });
        await one.messages.listMessageVersions({ roomId, seq: edited });
      }
    }
    await maru.rooms.leave({ roomId: left, actor: ann });
    expect(await tableText(world)).toContain(secret);

    const done = await jobDone(other, (await maru.admin.eraseUser({ userId })).job);
    expect(done.roomCountDone).toBe(2);

    expect(await tableText(world)).not.toContain(secret.slice(0, 40));
    for (const roomId of [stayed, left]) {
      for (const one of [maru, other]) {
        const entries: Entry[] = await Array.fromAsync(paginate(one.messages.list, { roomId, pageSize: 200 }));
        const versions = await Promise.all(
          entries.map(async ({ seq }) => (await one.messages.listMessageVersions({ roomId, seq })).versions),
        );
        const exported = await Array.fromAsync(one.admin.exportRoom({ roomId }));
        const shown = [entries, versions, exported].map((part) => JSON.stringify(part, printable)).join();
        expect(shown).not.toContain(secret.slice(0, 40));
        expect(shown).toContain("what bob said");
        expect((await one.admin.verifyRoom({ roomId })).report?.problems).toEqual([]);
      }
      const log = await readLog(maru, roomId);
      expect(log.filter(({ body }) => body.case === "userErased" && body.value.userId === userId)).not.toEqual([]);
      const bobs = found(log.find(({ body, actor }) => body.case === "messageSent" && actor?.kind.value === "bob"));
      expect(bobs.body.value).toMatchObject({ reactions: [{ kind: "❤️", userCount: 1 }] });
    }
  });
}

function printable(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
