import { randomUUID } from "node:crypto";
import { media, service, system, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { messageOf, readMessage, textOf } from "./message-of.ts";
import { invalid, refusal } from "./refusal.ts";
import { found, openRoom, readLog, type Scene, say } from "./scene.ts";

export function editMessageSuite(scene: () => Scene): void {
  test("an edited message says the new, everywhere and at once, and the entry of the edit brings it", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "helo @bob");
    const mentions = [{ target: { case: "userId" as const, value: "bob" }, startUtf16: 6, lengthUtf16: 4 }];
    const { entry } = await other.messages.edit({
      roomId,
      actor: user("ann"),
      seq,
      content: text("hello @bob"),
      mentions,
    });
    expect(found(entry)).toMatchObject({
      seq: 3,
      stateSeq: 1,
      type: "message_edited",
      body: { case: "messageEdited", value: { targetSeq: seq, editCount: 1, mentions, content: text("hello @bob") } },
    });
    const edited = await readMessage(maru, roomId, seq);
    expect(edited).toMatchObject({ content: text("hello @bob"), mentions, editCount: 1, editedAt: entry?.createdAt });
    expect(messageOf((await maru.messages.list({ roomId })).entries[0])).toEqual(edited);
    expect((await readLog(maru, roomId)).map(({ seq: n }) => n)).toEqual([1, 2, 3]);
    expect(messageOf((await readLog(other, roomId))[1])).toEqual(edited);
  });

  test("all that a message said is listed, from the first to the last", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "one");
    const versions = async () => (await other.messages.listMessageVersions({ roomId, seq })).versions;
    expect(await versions()).toMatchObject([{ seq, content: text("one"), actor: user("ann") }]);
    for (const [n, words] of ["two", "three", "one"].entries()) {
      await (n % 2 === 0 ? maru : other).messages.edit({ roomId, actor: user("ann"), seq, content: text(words) });
      await say(other, roomId, "between");
    }
    const picture = media([{ url: "https://cdn.example/1", mediaType: "image/jpeg" }]);
    const { entry } = await maru.messages.edit({ roomId, actor: user("ann"), seq, content: picture });
    expect(await versions()).toMatchObject([
      { seq: 2, content: text("one") },
      { seq: 3, content: text("two") },
      { seq: 5, content: text("three") },
      { seq: 7, content: text("one") },
      { seq: 9, content: picture, createdAt: entry?.createdAt },
    ]);
  });

  test("an edit that says what the message says already writes nothing", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "same");
    const edit = (words: string) => other.messages.edit({ roomId, actor: user("ann"), seq, content: text(words) });
    expect((await edit("same")).entry).toBeUndefined();
    expect((await edit("other")).entry?.seq).toBe(3);
    expect((await edit("other")).entry).toBeUndefined();
    const mentions = [{ target: { case: "everybody" as const, value: {} } }];
    expect(
      (await maru.messages.edit({ roomId, actor: user("ann"), seq, content: text("other"), mentions })).entry?.seq,
    ).toBe(4);
    expect(await readLog(maru, roomId)).toHaveLength(4);
  });

  test("only the author edits: the user, the service by its name, or the system for itself", async () => {
    const { maru, world, protocol } = scene();
    const { maru: bank } = await world.connect(protocol, "bank");
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const content = text("now");
    const actors = { ann: user("ann"), shop: service(), system: system() };
    for (const [name, actor] of Object.entries(actors)) {
      const { entry } = await maru.messages.send({ roomId, actor, content: text("once") });
      const { seq } = found(entry);
      const strangers = Object.entries({ ...actors, bob: user("bob"), root: user("root") }).filter(
        ([one]) => one !== name,
      );
      for (const [, stranger] of strangers) {
        expect(await refusal(maru.messages.edit({ roomId, actor: stranger, seq, content }))).toMatchObject({
          reason: "NOT_THE_AUTHOR",
          code: "PERMISSION_DENIED",
          metadata: { roomId, seq: String(seq) },
        });
      }
      expect(await refusal(bank.messages.edit({ roomId, actor: service(), seq, content }))).toMatchObject({
        reason: "NOT_THE_AUTHOR",
      });
      expect((await maru.messages.edit({ roomId, actor, seq, content })).entry?.actor?.kind.case).toBe(
        actor.kind?.case,
      );
    }
  });

  test("a user who has left edits no more, and a stranger learns nothing", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "bye");
    await other.rooms.removeMembers({ roomId, actor: service(), userIds: ["ann"] });
    for (const [userId, at] of [
      ["ann", seq],
      ["eve", 99],
    ] as const) {
      expect(
        await refusal(maru.messages.edit({ roomId, actor: user(userId), seq: at, content: text("x") })),
      ).toMatchObject({
        reason: "NOT_A_MEMBER",
      });
    }
  });

  test("there is an end to editing, and what says nothing new does not count", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "0");
    const edit = (words: string) => maru.messages.edit({ roomId, actor: user("ann"), seq, content: text(words) });
    for (const words of ["1", "2", "3", "4", "5"]) await edit(words);
    expect(await refusal(edit("6"))).toMatchObject({
      reason: "EDIT_LIMIT_REACHED",
      code: "FAILED_PRECONDITION",
      metadata: { roomId, seq: "2", limit: "5" },
    });
    expect((await edit("5")).entry).toBeUndefined();
    expect(await readMessage(other, roomId, seq)).toMatchObject({ content: text("5"), editCount: 5 });
    await maru.messages.delete({ roomId, actor: user("ann"), seq });
    const bodies = (await readLog(other, roomId)).map(({ body }) => body.value as { content?: unknown });
    expect(bodies.map(({ content }) => content)).toEqual(Array(8).fill(undefined));
  });

  test("an edit goes to a message that is there and was not deleted, and its content has the limits of any other", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "hello");
    const edit = (at: number, content = text("x"), mentions: object[] = []) =>
      maru.messages.edit({ roomId, actor: user("ann"), seq: at, content, mentions });
    expect(await refusal(edit(1))).toMatchObject({
      reason: "NOT_A_MESSAGE",
      metadata: { roomId, seq: "1", type: "room_created" },
    });
    expect(await refusal(edit(3))).toMatchObject({ reason: "ENTRY_NOT_FOUND", metadata: { roomId, seq: "3" } });
    expect(await refusal(edit(0))).toMatchObject(invalid("seq"));
    expect(await refusal(edit(seq, text("")))).toMatchObject(invalid("content.text.text"));
    expect(await refusal(edit(seq, text("é".repeat(8193))))).toMatchObject({
      reason: "CONTENT_TOO_LARGE",
      metadata: { field: "content.text.text", sizeBytes: "16386", limitBytes: "16384" },
    });
    const pictures = Array.from({ length: 30 }, () => ({
      url: "u".repeat(2048),
      mediaType: "m/m",
      previewUrl: "p".repeat(2048),
    }));
    expect(await refusal(edit(seq, media(pictures)))).toMatchObject({
      reason: "CONTENT_TOO_LARGE",
      metadata: { field: "content", limitBytes: "70000" },
    });
    const card = { kind: { case: "card" as const, value: { type: "acme.Pay", value: new Uint8Array([8, 1]) } } };
    expect(await refusal(edit(seq, card))).toMatchObject(invalid("content.card"));
    const beyond = { target: { case: "everybody", value: {} }, startUtf16: 1, lengthUtf16: 1 };
    expect(await refusal(edit(seq, text("x"), [beyond]))).toMatchObject(invalid("mentions[0].length_utf16"));
    await maru.messages.delete({ roomId, actor: user("ann"), seq });
    expect(await refusal(edit(seq))).toMatchObject({
      reason: "MESSAGE_DELETED",
      code: "FAILED_PRECONDITION",
      metadata: { roomId, seq: String(seq) },
    });
    expect(
      await refusal(maru.messages.edit({ roomId: "nowhere", actor: service(), seq, content: text("x") })),
    ).toMatchObject({
      reason: "ROOM_NOT_FOUND",
    });
  });

  test("an edit is repeated safely, and a send whose message was edited since is still the first one", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const send = { roomId, actor: user("ann"), content: text("one"), idempotencyKey: randomUUID() };
    const seq = found((await maru.messages.send(send)).entry).seq;
    const edit = { roomId, actor: user("ann"), seq, content: text("two"), idempotencyKey: randomUUID() };
    const first = await maru.messages.edit(edit);
    await other.messages.edit({ roomId, actor: user("ann"), seq, content: text("three") });
    expect(await other.messages.edit(edit)).toEqual(first);
    expect(await maru.messages.edit(edit)).toEqual(first);
    const again = found((await other.messages.send(send)).entry);
    expect([again.seq, textOf(messageOf(again))]).toEqual([seq, "three"]);
    expect(await refusal(maru.messages.edit({ ...edit, content: text("four") }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      metadata: { seq: String(first.entry?.seq) },
    });
    expect(await readLog(maru, roomId)).toHaveLength(4);
  });

  test("edits over two servers at once are as many edits, one after the other", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "0");
    const edits = ["1", "2", "3", "4", "5"].map((words, n) =>
      (n % 2 === 0 ? maru : other).messages.edit({ roomId, actor: user("ann"), seq, content: text(words) }),
    );
    const counts = (await Promise.all(edits)).map(({ entry }) => entry?.body.value).toSorted();
    expect(counts).toHaveLength(5);
    const log = await readLog(maru, roomId);
    const told = log.slice(2).map(({ body }) => (body.case === "messageEdited" ? body.value : undefined));
    expect(told.map((one) => one?.editCount)).toEqual([1, 2, 3, 4, 5]);
    const last = found(told.at(-1));
    expect(await readMessage(other, roomId, seq)).toMatchObject({ content: last.content, editCount: 5 });
    const { versions } = await maru.messages.listMessageVersions({ roomId, seq });
    expect(versions.map(({ seq: n }) => n)).toEqual([2, 3, 4, 5, 6, 7]);
  });
}
