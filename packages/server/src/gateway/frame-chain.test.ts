import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { ServerFramesSchema } from "@maru/protocol/realtime";
import { expect, test } from "vitest";
import { encodeFrame } from "./encoded-frame.ts";
import { FrameChain, joinFrames } from "./frame-chain.ts";
import { jsonEncoding, protobufEncoding } from "./wire-encoding.ts";

const frame = (seq: number, roomId = "room") => encodeFrame({ case: "roomAdded", value: { roomId, seq } });
const seqsOf = (messages: readonly Uint8Array[]) =>
  messages.map((message) =>
    fromBinary(ServerFramesSchema, message).frames.map(({ kind }) => kind.case === "roomAdded" && kind.value.seq),
  );

test("who waits for the same frames shares a chain, and so the joined bytes", () => {
  const start = new FrameChain();
  const [one, two] = [frame(1), frame(2)];
  const first = start.with(one).with(two);
  const second = start.with(one).with(two);
  expect(second).toBe(first);
  expect(first.messages(protobufEncoding)).toBe(second.messages(protobufEncoding));
  expect(start.with(two).with(one)).not.toBe(first);
});

test("joined frames are a ServerFrames in both encodings, in order", () => {
  const chain = [1, 2, 3].reduce((before, seq) => before.with(frame(seq)), new FrameChain());
  expect(seqsOf(chain.messages(protobufEncoding))).toEqual([[1, 2, 3]]);
  const [text] = chain.messages(jsonEncoding);
  const read = fromJsonString(ServerFramesSchema, Buffer.from(text ?? []).toString());
  expect(read).toEqual(fromBinary(ServerFramesSchema, chain.messages(protobufEncoding)[0] ?? new Uint8Array()));
});

test("a single frame is sent as it was encoded, without a copy", () => {
  const one = frame(1);
  expect(new FrameChain().with(one).messages(protobufEncoding)[0]).toBe(one.protobuf());
});

test("a message does not grow without bound by joining", () => {
  const frames = [1, 2, 3, 4, 5].map((seq) => frame(seq, "r".repeat(seq === 4 ? 300 : 100)));
  expect(seqsOf(joinFrames(frames, protobufEncoding, 250))).toEqual([[1, 2], [3], [4], [5]]);
});
