import { expect, test } from "vitest";
import { makeMessageKey } from "./message-key.ts";

test("a message's key is a UUIDv7 of its time, and no two are the same", () => {
  const key = makeMessageKey(0x0199_1234_5678);
  expect(key).toMatch(/^01991234-5678-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(Array.from({ length: 1000 }, () => makeMessageKey(1))).size).toBe(1000);
});
