import { expect, test } from "vitest";
import { dueBursts, type WaitingMessage } from "./burst.ts";

function said(roomId: string, seq: number, senderId: string, receivedAtMs: number): WaitingMessage {
  return { roomId, seq, messageSeq: seq, senderId, text: `m${seq}`, receivedAtMs };
}

const seqs = (waiting: readonly WaitingMessage[], nowMs: number) =>
  dueBursts(waiting, 3_000, nowMs).map(({ messages }) => messages.map(({ seq }) => seq));

test("the time begins with the first message, and all that was said since is one burst", () => {
  const waiting = [said("a", 3, "ann", 1_500), said("a", 2, "ann", 1_000), said("a", 5, "ann", 3_900)];
  expect(seqs(waiting, 3_999)).toEqual([]);
  expect(seqs(waiting, 4_000)).toEqual([[2, 3, 5]]);
});

test("somebody who writes without a pause is told of once in each time, and not never", () => {
  const waiting = Array.from({ length: 40 }, (_, n) => said("a", n + 2, "ann", n * 100));
  expect(seqs(waiting.slice(0, 30), 3_000)).toHaveLength(1);
});

test("each sender in each room has a time of their own", () => {
  const waiting = [
    said("a", 2, "ann", 0),
    said("a", 3, "bob", 1_000),
    said("b", 2, "ann", 2_000),
    said("a", 4, "ann", 2_500),
  ];
  expect(seqs(waiting, 3_000)).toEqual([[2, 4]]);
  expect(seqs(waiting, 4_000)).toEqual([[2, 4], [3]]);
  expect(seqs(waiting, 5_000)).toEqual([[2, 4], [3], [2]]);
});
