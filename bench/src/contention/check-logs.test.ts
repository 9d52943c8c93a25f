import { create } from "@bufbuild/protobuf";
import { EntrySchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { checkLogs } from "./check-logs.ts";
import type { SentMessage } from "./send-messages.ts";

const none = { holes: 0, missing: 0, doubled: 0, unacknowledged: 0 };

function sent(seq: number, key = `key-${seq}`, text = `text of ${key}`): SentMessage {
  return { roomId: "room", userId: "ann", seq, key, text };
}

function logOf(...messages: SentMessage[]) {
  const first = create(EntrySchema, { seq: 1, type: "room_created", body: { case: "roomCreated", value: {} } });
  const entries = messages.map(({ seq, key, text }) => {
    const content = { kind: { case: "text" as const, value: { text } } };
    const body = { case: "messageSent" as const, value: { content } };
    return create(EntrySchema, { seq, type: "message_sent", idempotencyKey: key, body });
  });
  return new Map([["room", [first, ...entries]]]);
}

test("a log that holds what was acknowledged has no findings", () => {
  expect(checkLogs(logOf(sent(2), sent(3)), [sent(3), sent(2)])).toEqual({ ...none, entries: 3 });
});

test("a hole, a missing, a doubled, a changed and an unacknowledged message are each found", () => {
  expect(checkLogs(logOf(sent(2), sent(4)), [sent(2)])).toEqual({ ...none, entries: 3, holes: 1, unacknowledged: 1 });
  expect(checkLogs(logOf(sent(2)), [sent(2), sent(3)])).toEqual({ ...none, entries: 2, missing: 1 });
  expect(checkLogs(logOf(sent(2), sent(3, "key-2")), [sent(2)])).toEqual({ ...none, entries: 3, doubled: 1 });
  expect(checkLogs(logOf(sent(2, "key-2", "other")), [sent(2)])).toEqual({ ...none, entries: 2, missing: 1 });
});
