import { randomUUID } from "node:crypto";
import { paginateScan } from "@aws-sdk/client-dynamodb";
import { type Entry, location, type Maru, media, paginate, service, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { jobDone } from "./admin.ts";
import { lunch, PaymentRequestSchema, registerPayments } from "./payments.ts";
import { admin, found, fresh, member, readLog, type Scene } from "./scene.ts";
import type { World } from "./world.ts";

/** Everything that the tables hold, as text. */
async function tableText({ tables }: World): Promise<string> {
  const items: unknown[] = [];
  for (const TableName of [tables.tableName, tables.controlTableName]) {
    const pages = paginateScan({ client: tables.client }, { TableName, ConsistentRead: true });
    for await (const { Items = [] } of pages) items.push(...Items);
  }
  return textOf(items);
}

/** Bytes as the letters that they are: cards are bytes, in the table and in answers. */
function textOf(value: unknown): string {
  return JSON.stringify(value, function (this: object, name: string, part: unknown) {
    // A Buffer has made itself numbers by now.
    const bytes: unknown = Reflect.get(this, name);
    if (bytes instanceof Uint8Array) return Buffer.from(bytes).toString("latin1");
    return typeof part === "bigint" ? String(part) : part;
  });
}

/** An export is JSON, where bytes are base64. */
function cardsOf(lines: string): string {
  return [...lines.matchAll(/"value":"([^"]+)"/g)].map(([, base64 = ""]) => Buffer.from(base64, "base64")).join();
}

/** Sends what is no text, changes what can be changed, and returns all that was written there. */
async function sayWithoutText(maru: Maru, roomId: string, userId: string, secret: string): Promise<string[]> {
  const actor = user(userId);
  const items = [{ url: `https://cdn.example/${secret}.jpg`, mediaType: "image/jpeg" }];
  const picture = await maru.messages.send({ roomId, actor, content: media(items, `${secret} caption`) });
  const content = media(items, `${secret} other caption`);
  await maru.messages.edit({ roomId, actor, seq: found(picture.entry).seq, content });
  const place = { latitude: 37.5, longitude: 127, label: `${secret} label` };
  await maru.messages.send({ roomId, actor, content: location(place) });
  const titled = (title: string) => ({ ...lunch, title: `${secret} ${title}` });
  const card = await maru.cards.send(roomId, PaymentRequestSchema, titled("card"), { actor });
  const { seq } = found(card.entry);
  for (const title of ["update", "later update"])
    await maru.cards.update(roomId, seq, PaymentRequestSchema, titled(title));
  return ["caption", "other caption", "label", "card", "update", "later update"].map((words) => `${secret} ${words}`);
}

/** What a server tells of a room: its messages, all their versions, and its export. */
async function shownIn(maru: Maru, roomId: string): Promise<string> {
  const entries: Entry[] = await Array.fromAsync(paginate(maru.messages.list, { roomId, pageSize: 200 }));
  const versions = await Promise.all(
    entries.map(async ({ seq }) => (await maru.messages.listMessageVersions({ roomId, seq })).versions),
  );
  const cards = entries.filter(({ body }) => body.case === "messageSent" && body.value.content?.kind.case === "card");
  const asJson = await Promise.all(cards.map(({ seq }) => maru.cards.get({ roomId, seq })));
  const exported = (await Array.fromAsync(maru.admin.exportRoom({ roomId }))).flatMap(({ lines }) => lines).join("\n");
  return [...[entries, versions, asJson].map(textOf), exported, cardsOf(exported)].join();
}

export function erasureSuite(scene: () => Scene): void {
  test("after an erasure the user's text is nowhere: table, history, exports, caches; and an event says so", async () => {
    const { maru, other, world } = scene();
    const secret = `secret-${randomUUID()}`;
    const userId = fresh("ann");
    const ann = user(userId);
    await registerPayments(maru);
    const rooms: string[] = [];
    for (let count = 0; count < 2; count++) {
      const members = [admin("root"), member(userId), member("bob")];
      const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
      rooms.push(found(room).roomId);
    }
    const [stayed = "", left = ""] = rooms;
    const send = async (roomId: string, words: string, holdMs = 0) =>
      found((await maru.messages.send({ roomId, actor: ann, content: text(words), holdMs })).entry).seq;

    const written: string[] = [];
    for (const roomId of rooms) {
      written.push(...(await sayWithoutText(maru, roomId, userId, secret)));
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
        const shown = await shownIn(one, roomId);
        for (const words of written) expect(shown).toContain(words);
      }
    }
    await maru.rooms.leave({ roomId: left, actor: ann });
    const stored = await tableText(world);
    for (const words of written) expect(stored).toContain(words);

    const done = await jobDone(other, (await maru.admin.eraseUser({ userId })).job);
    expect(done.roomCountDone).toBe(2);

    expect(await tableText(world)).not.toContain(secret.slice(0, 40));
    for (const roomId of [stayed, left]) {
      for (const one of [maru, other]) {
        const shown = await shownIn(one, roomId);
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
