import { expect, test } from "vitest";
import { murmur2, partitionOf } from "./partition.ts";

const FROM_THE_JAVA_CLIENT: [string, number][] = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

test.each(FROM_THE_JAVA_CLIENT)("the hash of %s is the Java client's", (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash);
});

test("a negative hash gives a partition, as the Java client's toPositive does", () => {
  expect(partitionOf("21", 12)).toBe((-973932308 & 0x7fffffff) % 12);
});

test("text and its UTF-8 bytes have the same partition, also inside a larger buffer", () => {
  const bytes = Buffer.from("xxräum-7").subarray(2);
  expect(partitionOf(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), 64)).toBe(partitionOf("räum-7", 64));
});

test("a partition count that cannot be is refused", () => {
  expect(() => partitionOf("a", 0)).toThrow(RangeError);
  expect(() => partitionOf("a", 1.5)).toThrow(RangeError);
});
