import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Content, ContentSchema, MentionSchema, MessageSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { toContentChange } from "./content-change.ts";
import { emptyRecord, type Target } from "./target.ts";

const says = (text: string): Content => create(ContentSchema, { kind: { case: "text", value: { text } } });
const mention = create(MentionSchema, { target: { case: "userId", value: "bob" } });
const first = create(MessageSchema, { content: says("one"), mentions: [mention], replyToSeq: 3, pinned: true });

const next = (seq: number, nowMs: number) => ({ seq, nowMs, createdAtMs: nowMs });

function target(message = first, record = emptyRecord): Target {
  return { seq: 5, message, author: undefined, createdAtMs: 1_000, record };
}

test("the message says the new content, keeps all else, and what it said first is kept beside it", () => {
  const { body, record } = toContentChange(target(), { content: says("two"), mentions: [] }, next(9, 2_000));
  if (body.case !== "messageSent") throw new Error("it is a message still");
  expect(body.value).toMatchObject({ content: says("two"), mentions: [], replyToSeq: 3, pinned: true, editCount: 1 });
  expect(body.value.editedAt && timestampMs(body.value.editedAt)).toBe(2_000);
  expect(record).toEqual({ ...emptyRecord, contentSeqs: [9], original: { content: says("one"), mentions: [mention] } });
  expect(first.editCount).toBe(0);
});

test("a second change keeps the first content, the reactions and the entries in order", () => {
  const reactions = new Map([["ann", ["👍"]]]);
  const reacted = target(first, { ...emptyRecord, reactions });
  const once = toContentChange(reacted, { content: says("two"), mentions: [] }, next(9, 2));
  if (once.body.case !== "messageSent") throw new Error("it is a message still");
  const again = target(once.body.value, once.record);
  const { body, record } = toContentChange(again, { content: says("three"), mentions: [] }, next(12, 3));
  expect(body.value).toMatchObject({ editCount: 2 });
  expect(record).toEqual({ contentSeqs: [9, 12], original: { content: says("one"), mentions: [mention] }, reactions });
});
