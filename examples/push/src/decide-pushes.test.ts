import { expect, test } from "vitest";
import type { Burst } from "./burst.ts";
import { decidePushes, type Recipient } from "./decide-pushes.ts";

const nowMs = 10_000;
const message = (seq: number) => ({
  roomId: "a",
  seq,
  messageSeq: seq,
  senderId: "ann",
  text: `m${seq}`,
  receivedAtMs: 0,
});
const burst: Burst = { roomId: "a", senderId: "ann", messages: [4, 5, 7].map(message) };

function recipient(userId: string, facts: Partial<Recipient> = {}): Recipient {
  return { userId, joinedSeq: 1, readSeq: 3, mutedUntilMs: undefined, connected: false, ...facts };
}

const pushed = (...recipients: Recipient[]) => decidePushes(burst, recipients, nowMs);

test("a burst is one push for each member, with its newest text, and the app opens where it begins", () => {
  expect(pushed(recipient("bob"))).toEqual([
    {
      pushId: expect.any(String),
      userId: "bob",
      roomId: "a",
      senderId: "ann",
      text: "m7",
      messageCount: 3,
      messageSeq: 4,
    },
  ]);
});

test.for<[string, Recipient]>([
  ["the sender", recipient("ann")],
  ["somebody who is connected", recipient("bob", { connected: true })],
  ["somebody who muted the room", recipient("bob", { mutedUntilMs: nowMs + 1 })],
  ["somebody who has read all of it", recipient("bob", { readSeq: 7 })],
  ["somebody who joined later", recipient("bob", { joinedSeq: 8 })],
])("%s gets none", ([, one]) => {
  expect(pushed(one)).toEqual([]);
});

test("a mute that is over counts no more", () => {
  expect(pushed(recipient("bob", { mutedUntilMs: nowMs }))).toHaveLength(1);
});

test("what somebody has read, or was no member for, is not counted", () => {
  expect(pushed(recipient("bob", { readSeq: 4 }))).toMatchObject([{ messageCount: 2, messageSeq: 5 }]);
  expect(pushed(recipient("bob", { joinedSeq: 6 }))).toMatchObject([{ messageCount: 1, messageSeq: 7 }]);
});

test("the same burst has the same id for the same user, and for nobody else", () => {
  const ids = pushed(recipient("bob"), recipient("eve")).map(({ pushId }) => pushId);
  expect(pushed(recipient("bob", { readSeq: 4 }))[0]?.pushId).toBe(ids[0]);
  expect(ids[1]).not.toBe(ids[0]);
});
