import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { type ContentInit, location, media, notice, service, system, text, user } from "@maru/client";
import { ContentSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { found, openRoom, readLog, type Scene, say, seqsOf } from "./scene.ts";

const texts: Readonly<Record<string, string>> = {
  "a letter": "x",
  "a space": " ",
  "the digit zero": "0",
  "line breaks and tabs": "a\r\n\tb\n",
  "a NUL and other controls": "a\u0000b\u0001\u007f\u0085",
  emoji: "👩‍👩‍👧‍👦 🇰🇷 🏳️‍🌈",
  "a letter with a mark, composed and not": "é e\u0301",
  "a byte-order mark in front": "\uFEFFa",
  "letters that go right to left": "مرحبا \u202Eabc",
  "the last character of all": "\u{10FFFF}\uFFFF",
  "as many bytes as are allowed": "é".repeat(8192),
};

export function sendMessageSuite(scene: () => Scene): void {
  test.each(Object.keys(texts))("a text comes back byte for byte: %s", async (which) => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const words = texts[which] ?? "";
    const { entry } = await maru.messages.send({ roomId, actor: user("ann"), content: text(words) });
    expect(found(entry).body).toMatchObject({
      case: "messageSent",
      value: { content: { kind: { case: "text", value: { text: words } } } },
    });
    expect((await other.messages.get({ roomId, seq: 2 })).entry).toEqual(entry);
    expect((await other.messages.list({ roomId })).entries).toEqual([entry]);
    expect((await readLog(other, roomId))[1]).toEqual(entry);
  });

  test("a text that is empty, or larger than is allowed, is refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    expect(await refusal(say(maru, roomId, ""))).toMatchObject(invalid("content.text.text"));
    expect(await refusal(say(maru, roomId, `${"é".repeat(8192)}x`))).toMatchObject({
      reason: "CONTENT_TOO_LARGE",
      code: "INVALID_ARGUMENT",
      metadata: { field: "content.text.text", sizeBytes: "16385", limitBytes: "16384" },
      fields: ["content.text.text"],
    });
    expect(await refusal(say(maru, roomId, "x".repeat(65_537)))).toMatchObject(invalid("content.text.text"));
    expect(await readLog(maru, roomId)).toHaveLength(1);
  });

  test("pictures, places and notices come back as they were sent, to the last digit", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const contents = [
      media([{ url: "https://cdn.example/1", mediaType: "image/jpeg", sizeBytes: 2n ** 64n - 1n, widthPx: 7 }], "cat"),
      media(Array.from({ length: 30 }, (_, n) => ({ url: `https://cdn.example/${n}`, mediaType: "video/mp4" }))),
      location({ latitude: 37.566_535_123_456_79, longitude: -0, label: "Exit 3" }),
      location({ latitude: 5e-324, longitude: -180 }),
      notice({ code: "price_changed", parameters: { from: "120", to: "" }, countsAsUnread: true }),
    ];
    for (const content of contents) {
      const { entry } = await maru.messages.send({ roomId, actor: user("ann"), content });
      const read = await maru.messages.get({ roomId, seq: found(entry).seq });
      expect(read.entry).toEqual(entry);
      expect(read.entry?.body.value).toMatchObject({ content });
    }
    const nowhere = { roomId, actor: user("ann"), content: location({ latitude: Number.NaN, longitude: 181 }) };
    expect(await refusal(maru.messages.send(nowhere))).toMatchObject(
      invalid("content.location.latitude", "content.location.longitude"),
    );
  });

  test("fields of a newer client are ignored: the answer has them no more than any later one", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const content = create(ContentSchema, text("hi"));
    content.$unknown = [{ no: 1007, wireType: 2, data: Uint8Array.of(2, 104, 105) }];
    const request = { roomId, actor: user("ann"), content, idempotencyKey: randomUUID() };
    const { entry } = await maru.messages.send(request);
    expect(entry).toEqual((await maru.messages.get({ roomId, seq: 2 })).entry);
    expect((await maru.messages.send({ ...request, content: text("hi") })).entry).toEqual(entry);
  });

  test("a card of a type that nobody registered is refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const content = { kind: { case: "card" as const, value: { type: "acme.Pay", value: new Uint8Array([8, 1]) } } };
    expect(await refusal(maru.messages.send({ roomId, actor: user("ann"), content }))).toMatchObject({
      reason: "CARD_TYPE_UNKNOWN",
      code: "FAILED_PRECONDITION",
      metadata: { cardType: "acme.Pay" },
    });
  });

  test("a message answers an entry that exists, and no other", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const reply = (replyToSeq: number) =>
      maru.messages.send({ roomId, actor: user("ann"), content: text("re"), replyToSeq });
    expect((await reply(1)).entry?.body.value).toMatchObject({ replyToSeq: 1 });
    expect((await reply(2)).entry?.seq).toBe(3);
    for (const seq of [4, 5, 4_294_967_295]) {
      expect(await refusal(reply(seq))).toMatchObject({
        reason: "REPLY_TARGET_INVALID",
        code: "FAILED_PRECONDITION",
        metadata: { roomId, seq: String(seq) },
      });
    }
    expect(await readLog(maru, roomId)).toHaveLength(3);
  });

  test("mentions of users and of everybody are kept in order; 50 are taken, 51 refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const send = (count: number) => {
      const mentions = Array.from({ length: count }, (_, n) => ({
        target:
          n % 2 === 0 ? ({ case: "userId", value: `u${n}` } as const) : ({ case: "everybody", value: {} } as const),
        startUtf16: n,
        lengthUtf16: 1,
      }));
      return maru.messages.send({ roomId, actor: user("ann"), content: text("@".repeat(51)), mentions });
    };
    const { entry } = await send(50);
    expect((await maru.messages.get({ roomId, seq: 2 })).entry).toEqual(entry);
    expect(entry?.body.value).toMatchObject({ mentions: { length: 50 } });
    expect(await refusal(send(51))).toMatchObject(invalid("mentions"));
    const nobody = { roomId, actor: user("ann"), content: text("@"), mentions: [{ startUtf16: 0 }] };
    expect(await refusal(maru.messages.send(nobody))).toMatchObject(invalid("mentions[0].target"));
  });

  test("a mention lies within the text, counted in UTF-16 code units, or within the caption", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const send = (content: ContentInit, startUtf16: number, lengthUtf16: number) =>
      maru.messages.send({
        roomId,
        actor: user("ann"),
        content,
        mentions: [
          { target: { case: "userId", value: "bob" } },
          { target: { case: "everybody", value: {} }, startUtf16, lengthUtf16 },
        ],
      });
    const words = text("hi 👋 é");
    const picture = media([{ url: "https://cdn.example/1", mediaType: "image/jpeg" }], "for @bob");
    const good = [
      [words, 0, 7],
      [words, 7, 0],
      [words, 3, 2],
      [picture, 4, 4],
      [notice({ code: "x", text: "some words" }), 0, 0],
    ] as const;
    for (const [content, start, length] of good) {
      const { entry } = await send(content, start, length);
      expect(found(entry).body.value).toMatchObject({ mentions: { 1: { startUtf16: start, lengthUtf16: length } } });
    }
    const bad = [
      [words, 8, 0, "start_utf16"],
      [words, 3, 5, "length_utf16"],
      [words, 4_294_967_295, 4_294_967_295, "start_utf16"],
      [words, 0, 4_294_967_295, "length_utf16"],
      [picture, 4, 5, "length_utf16"],
      [notice({ code: "x", text: "some words" }), 1, 0, "start_utf16"],
      [location({ latitude: 1, longitude: 1, label: "here" }), 0, 1, "length_utf16"],
    ] as const;
    for (const [content, start, length, field] of bad) {
      expect(await refusal(send(content, start, length))).toMatchObject(invalid(`mentions[1].${field}`));
    }
    expect(await readLog(maru, roomId)).toHaveLength(1 + good.length);
  });

  test("services and the system write without being members, a service under its own name only", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const send = (actor: ReturnType<typeof service>) => maru.messages.send({ roomId, actor, content: text("paid") });
    const named = { kind: { case: "service" as const, value: { name: "shop" } } };
    for (const actor of [service(), named]) {
      expect((await send(actor)).entry).toMatchObject({ caller: "shop", actor: named });
    }
    expect((await send(system())).entry?.actor?.kind.case).toBe("system");
    expect(await refusal(send({ kind: { case: "service", value: { name: "bank" } } }))).toMatchObject({
      reason: "CALLER_NOT_ALLOWED",
      code: "PERMISSION_DENIED",
      metadata: { caller: "shop" },
    });
    expect(seqsOf(await readLog(maru, roomId))).toEqual([1, 2, 3, 4]);
  });

  test("a user who is no member cannot write", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    expect(await refusal(say(maru, roomId, "hello", "eve"))).toMatchObject({
      reason: "NOT_A_MEMBER",
      code: "PERMISSION_DENIED",
      metadata: { roomId, userId: "eve" },
    });
  });

  test("a message that is sent again, on the other server, is the first one; another one with its key is refused", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const request = { roomId, actor: user("ann"), content: text("once"), idempotencyKey: randomUUID() };
    const first = await maru.messages.send(request);
    await say(other, roomId, "between", "bob");
    expect(await other.messages.send(request)).toEqual(first);
    expect(await maru.messages.send(request)).toEqual(first);
    expect(await refusal(other.messages.send({ ...request, content: text("twice") }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      code: "ALREADY_EXISTS",
      metadata: { roomId, seq: "2" },
    });
    expect((await maru.messages.send({ ...request, actor: user("bob") })).entry?.seq).toBe(4);
    expect(await readLog(maru, roomId)).toHaveLength(4);
  });

  test("sixteen tries at once of one message, over two servers, are one message", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const request = { roomId, actor: user("ann"), content: text("once"), idempotencyKey: randomUUID() };
    const tries = Array.from({ length: 16 }, (_, n) => (n % 2 === 0 ? maru : other).messages.send(request));
    const answers = await Promise.all(tries);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await readLog(maru, roomId)).toHaveLength(2);
  });

  test("a key from the future is refused with the server's time", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const far = (Date.now() + 3_600_000).toString(16).padStart(12, "0");
    const idempotencyKey = `${far.slice(0, 8)}-${far.slice(8)}-7000-8000-${randomUUID().slice(24)}`;
    const told = await refusal(
      maru.messages.send({ roomId, actor: user("ann"), content: text("early"), idempotencyKey }),
    );
    expect(told).toMatchObject({
      reason: "IDEMPOTENCY_KEY_IN_FUTURE",
      code: "INVALID_ARGUMENT",
      metadata: { maxSkewMs: "60000" },
    });
    expect(Math.abs(Date.parse(found(told.metadata.serverTime)) - Date.now())).toBeLessThan(60_000);
    expect(await readLog(maru, roomId)).toHaveLength(1);
  });
}
