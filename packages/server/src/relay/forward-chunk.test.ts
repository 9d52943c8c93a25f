import { decode } from "@msgpack/msgpack";
import { expect, it } from "vitest";
import { toForwardChunk, toForwardEntry } from "./forward-chunk.ts";

const eventOf = (value: string) => ({ topic: "t", key: "room", value: Buffer.from(value), headers: { seq: "7" } });

it.each([0, 31, 32, 255, 256, 65_536])(
  "a value of %i bytes is a str, since the agent's output takes no bin, and its length is told",
  (length) => {
    const entry = decode(toForwardEntry(eventOf("x".repeat(length)), 1_780_315_200_123)) as [unknown, object];
    expect(entry[1]).toEqual({ topic: "t", key: "room", value: "x".repeat(length), headers: { seq: "7" } });
  },
);

it("an entry has its time in seconds and nanoseconds", () => {
  const [time] = decode(toForwardEntry(eventOf(""), 1_780_315_200_123)) as [{ type: number; data: Uint8Array }];
  const data = Buffer.from(time.data);
  expect([time.type, data.readUInt32BE(0), data.readUInt32BE(4)]).toEqual([0, 1_780_315_200, 123_000_000]);
});

it("a chunk has a tag, its entries one after the other, their number, and its id", () => {
  const entries = [toForwardEntry(eventOf("a"), 0), toForwardEntry(eventOf("b"), 0)];
  expect(decode(toForwardChunk(entries, { tag: "maru", chunkId: "p8n9gmxTQVC8/nh2wlKKeQ==" }))).toEqual([
    "maru",
    Buffer.concat(entries),
    { chunk: "p8n9gmxTQVC8/nh2wlKKeQ==", size: 2 },
  ]);
});
