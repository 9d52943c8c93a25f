import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type ContentInit, location, media, notice, service, text, user } from "@maru/client";
import { ErrorReason, ListOrder } from "@maru/protocol";
import type { ConformanceCase } from "./conformance-case.ts";
import { found, fresh, openRoom, refused, say, seqsOf, wordsOf } from "./scene.ts";
import { uuidv7At } from "./uuidv7-at.ts";

const day = 86_400_000;
const contents: readonly ContentInit[] = [
  text("héllo 👋\n"),
  media([{ url: "https://cdn.example/1.jpg", mediaType: "image/jpeg", sizeBytes: 9_007_199_254_740_993n }], "our cat"),
  location({ latitude: 37.5, longitude: -0.25, label: "Exit 3" }),
  notice({ code: "price_changed", parameters: { price: "12" } }),
];

/** Times are told in milliseconds: what is said from now on is later than what was said. */
const aLaterTime = () => sleep(5);

export const messageCases: readonly ConformanceCase[] = [
  {
    name: "contents of every kind are stored and come back as they were sent",
    calls: ["MessageService/SendMessage", "MessageService/GetMessage"],
    refuses: ["REPLY_TARGET_INVALID", "ENTRY_NOT_FOUND", "NOT_A_MESSAGE"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context);
      for (const content of contents) {
        const sent = await messages.sendMessage({ roomId, actor: service(), content, replyToSeq: 1 });
        const { seq } = found(sent.entry);
        assert.deepEqual((await messages.getMessage({ roomId, seq })).entry, sent.entry);
      }
      const reply = messages.sendMessage({ roomId, actor: service(), content: text("re"), replyToSeq: 99 });
      await refused("REPLY_TARGET_INVALID", reply);
      const { metadata } = await refused("ENTRY_NOT_FOUND", messages.getMessage({ roomId, seq: 99 }));
      assert.deepEqual(metadata, { roomId, seq: "99" });
      await refused("NOT_A_MESSAGE", messages.getMessage({ roomId, seq: 1 }));
    },
  },
  {
    name: "a message is sent once for a key, and a key from the future is none",
    calls: ["MessageService/SendMessage"],
    refuses: ["IDEMPOTENCY_KEY_IN_FUTURE", "IDEMPOTENCY_KEY_REUSED"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context);
      const send = (idempotencyKey: string, words: string) =>
        messages.sendMessage({ roomId, actor: user("ann"), content: text(words), idempotencyKey });
      const key = uuidv7At(Date.now());
      const first = await send(key, "once");
      assert.deepEqual((await send(key, "once")).entry, first.entry);
      await refused("IDEMPOTENCY_KEY_REUSED", send(key, "twice"));
      const { metadata } = await refused("IDEMPOTENCY_KEY_IN_FUTURE", send(uuidv7At(Date.now() + 30 * day), "soon"));
      assert.ok(Date.parse(found(metadata.serverTime)) > 0);
    },
  },
  {
    name: "messages are listed in pages, in both directions, around a number and by time",
    calls: ["MessageService/ListMessages"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context);
      for (const words of ["a", "b"]) await say(context, roomId, words);
      await aLaterTime();
      for (const words of ["c", "d", "e"]) await say(context, roomId, words);
      const list = async (request: object) => seqsOf((await messages.listMessages({ roomId, ...request })).entries);
      const newest = await messages.listMessages({ roomId, pageSize: 2 });
      assert.deepEqual(seqsOf(newest.entries), [6, 5]);
      assert.equal(wordsOf(newest.entries[0]), "e");
      assert.deepEqual(await list({ pageSize: 2, pageToken: newest.nextPageToken }), [4, 3]);
      assert.deepEqual(await list({ after: 1, order: ListOrder.OLDEST_FIRST, pageSize: 3 }), [2, 3, 4]);
      assert.deepEqual(await list({ after: 3, before: 6, actor: user("ann") }), [5, 4]);
      assert.deepEqual(await list({ around: 4, pageSize: 2 }), [3, 4]);
      const time = found((await messages.getMessage({ roomId, seq: 4 })).entry).createdAt;
      assert.deepEqual(await list({ afterTime: time }), [4, 5, 6]);
      assert.deepEqual(await list({ beforeTime: time }), [3, 2]);
      assert.deepEqual(await list({ aroundTime: time, pageSize: 2 }), [3, 4]);
      await refused("INVALID_REQUEST", messages.listMessages({ roomId, around: 4, before: 2 }));
    },
  },
  {
    name: "an announcement goes to many rooms, each with its own result, once for a key",
    calls: ["MessageService/BatchSendMessages"],
    async run(context) {
      const { messages } = context;
      const [roomId, missing] = [await openRoom(context), fresh("room")];
      const request = {
        actor: service(),
        roomIds: [roomId, missing],
        content: text("news"),
        idempotencyKey: uuidv7At(Date.now()),
      };
      const { results } = await messages.batchSendMessages(request);
      assert.deepEqual(
        results.map(({ outcome }) => outcome.case),
        ["entry", "failure"],
      );
      const failure = results[1]?.outcome.case === "failure" ? results[1].outcome.value : undefined;
      assert.equal(failure?.reason, ErrorReason.ROOM_NOT_FOUND);
      assert.deepEqual(failure?.metadata, { room_id: missing });
      assert.deepEqual((await messages.batchSendMessages(request)).results[0], results[0]);
    },
  },
];
