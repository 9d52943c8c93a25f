import assert from "node:assert/strict";
import { service, text, user } from "@maru/client";
import type { ConformanceCase } from "./conformance-case.ts";
import { openRoom, refused, say, wordsOf } from "./scene.ts";

/** The highest that a deployment can set: MARU_MAX_EDITS. */
const mostEdits = 50;

export const editingCases: readonly ConformanceCase[] = [
  {
    name: "a message is edited by its author, and says in its versions what it said before",
    calls: ["MessageService/EditMessage", "MessageService/ListMessageVersions"],
    refuses: ["NOT_THE_AUTHOR"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context);
      const seq = await say(context, roomId, "teh");
      const edit = { roomId, seq, content: text("the") };
      await refused("NOT_THE_AUTHOR", messages.editMessage({ ...edit, actor: user("root") }));
      const { entry } = await messages.editMessage({ ...edit, actor: user("ann") });
      assert.equal(entry?.body.case, "messageEdited");
      assert.equal((await messages.editMessage({ ...edit, actor: user("ann") })).entry, undefined);
      assert.equal(wordsOf((await messages.getMessage({ roomId, seq })).entry), "the");
      const { versions } = await messages.listMessageVersions({ roomId, seq, actor: user("ann") });
      assert.deepEqual(
        versions.map(({ seq, content }) => [seq, content?.kind.case === "text" && content.kind.value.text]),
        [
          [2, "teh"],
          [3, "the"],
        ],
      );
    },
  },
  {
    name: "a message is edited so often and no oftener",
    calls: ["MessageService/EditMessage"],
    refuses: ["EDIT_LIMIT_REACHED"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context);
      const seq = await say(context, roomId, "0");
      const edit = (words: string) => messages.editMessage({ roomId, seq, actor: user("ann"), content: text(words) });
      const countTo = async () => {
        for (let n = 1; n <= mostEdits + 1; n++) await edit(String(n));
      };
      const { metadata } = await refused("EDIT_LIMIT_REACHED", countTo());
      const { entry } = await messages.getMessage({ roomId, seq });
      assert.equal(wordsOf(entry), metadata.limit);
    },
  },
  {
    name: "a content that is too large is refused with its size and the limit",
    calls: [],
    refuses: ["CONTENT_TOO_LARGE"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context);
      const seq = await say(context, roomId, "small");
      // Larger than any deployment can allow for an edit, with its mentions.
      const mention = { target: { case: "userId" as const, value: "m".repeat(128) } };
      const edit = { roomId, seq, actor: user("ann"), content: text("x".repeat(65_536)) };
      const mentions = Array.from({ length: 50 }, () => mention);
      const { metadata } = await refused("CONTENT_TOO_LARGE", messages.editMessage({ ...edit, mentions }));
      assert.ok(Number(metadata.sizeBytes) > Number(metadata.limitBytes));
    },
  },
  {
    name: "a deleted message has no content and no versions, and keeps its number",
    calls: ["MessageService/DeleteMessage"],
    refuses: ["MESSAGE_DELETED"],
    async run(context) {
      const { messages } = context;
      const roomId = await openRoom(context);
      const seq = await say(context, roomId, "oops");
      const { entry } = await messages.deleteMessage({ roomId, seq, actor: service(), reason: "rude" });
      assert.equal(entry?.body.case, "messageDeleted");
      const deleted = (await messages.getMessage({ roomId, seq })).entry?.body;
      assert.ok(deleted?.case === "messageSent");
      assert.deepEqual([deleted.value.content, deleted.value.deletion?.reason], [undefined, "rude"]);
      assert.deepEqual((await messages.listMessageVersions({ roomId, seq })).versions, []);
      const edit = messages.editMessage({ roomId, seq, actor: user("ann"), content: text("again") });
      await refused("MESSAGE_DELETED", edit);
    },
  },
];
