import { expect, test } from "vitest";
import { type Conversation, emptyConversation, type ShownMessage } from "./conversation.ts";
import { type LinesView, toLines } from "./lines.ts";

const minuteMs = 60_000;
const noonMs = Date.UTC(2026, 10, 25, 12);

function message(seq: number, senderId: string, sentAtMs: number): ShownMessage {
  return { kind: "message", seq, senderId, sentAtMs, content: { kind: "text", text: `m${seq}` }, editCount: 0 };
}

function conversationOf(...messages: ShownMessage[]): Conversation {
  return { ...emptyConversation, shown: new Map(messages.map((one) => [one.seq, one])) };
}

const view: LinesView = {
  me: "ann",
  readSeqs: new Map(),
  unreadAfterSeq: undefined,
  nowMs: noonMs,
  locale: "en",
  timeZone: "UTC",
};

test("days are told apart, and messages of one sender that follow closely belong together", () => {
  const dayMs = 24 * 60 * minuteMs;
  const lines = toLines(
    conversationOf(
      message(9, "bob", noonMs - 3 * minuteMs),
      message(2, "bob", noonMs - 3 * dayMs),
      message(3, "bob", noonMs - dayMs),
      message(4, "ann", noonMs - 9 * minuteMs),
      message(5, "ann", noonMs - 8 * minuteMs),
      message(6, "ann", noonMs - 3 * minuteMs),
    ),
    view,
  );
  expect(lines.map((line) => (line.kind === "day" ? line.label : line.key))).toEqual([
    "Sunday, November 22",
    "seq 2",
    "Yesterday",
    "seq 3",
    "Today",
    "seq 4",
    "seq 5",
    "seq 6",
    "seq 9",
  ]);
  const continued = lines.filter((line) => line.kind === "message" && line.continued).map(({ key }) => key);
  expect(continued).toEqual(["seq 5"]);
});

test("own messages say who has read them, and whether all have", () => {
  const readSeqs = new Map([
    ["ann", 9],
    ["bob", 3],
    ["eve", 2],
  ]);
  const conversation = conversationOf(message(2, "ann", noonMs), message(3, "ann", noonMs), message(4, "bob", noonMs));
  const marks = toLines(conversation, { ...view, readSeqs }).flatMap((line) =>
    line.kind === "message" ? [{ readBy: line.readBy, readByAll: line.readByAll }] : [],
  );
  expect(marks).toEqual([
    { readBy: ["bob", "eve"], readByAll: true },
    { readBy: ["bob"], readByAll: false },
    { readBy: [], readByAll: false },
  ]);
});

test("what is new is marked once, before the first message of somebody else, and hidden messages are left out", () => {
  const conversation = conversationOf(
    message(2, "bob", noonMs),
    message(3, "ann", noonMs),
    { ...message(4, "bob", noonMs), content: { kind: "hidden" } },
    message(5, "bob", noonMs),
    message(6, "bob", noonMs),
  );
  const keys = toLines(conversation, { ...view, unreadAfterSeq: 2 }).map(({ key }) => key);
  expect(keys.slice(1)).toEqual(["seq 2", "seq 3", "unread", "seq 5", "seq 6"]);
});

test("messages on their way come last, in the order in which they were sent", () => {
  const pending = ["a", "b"].map((key) => ({ key, text: key, sentAtMs: 0, refusal: undefined }));
  const lines = toLines({ ...conversationOf(message(2, "bob", noonMs)), pending }, view);
  expect(lines.slice(-2).map(({ key }) => key)).toEqual(["key a", "key b"]);
});
