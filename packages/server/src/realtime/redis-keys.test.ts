import fc from "fast-check";
import { expect, test } from "vitest";
import { followersKey, inboxKey, nodeKey, sessionsKey, tailKey } from "./redis-keys.ts";

const kinds = [sessionsKey, followersKey, nodeKey, tailKey, inboxKey];
const printable = fc.string({
  unit: fc.oneof(fc.constantFrom("{", "}", "%", "7", "B", ":"), fc.string({ minLength: 1, maxLength: 1 })),
  minLength: 1,
});

/** As the specification of Redis Cluster says it. */
function hashTag(key: string): string {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open < 0 || close <= open + 1 ? key : key.slice(open + 1, close);
}

test("all that is kept under one id has one hash tag, whatever stands in the id", () => {
  fc.assert(
    fc.property(printable, (id) => {
      const tags = kinds.map((kind) => hashTag(kind(id)));
      expect(new Set(tags).size).toBe(1);
      expect(kinds.map((kind) => kind(id)).includes(tags[0] ?? "")).toBe(false);
    }),
  );
});

test("two ids never share a key", () => {
  fc.assert(
    fc.property(printable, printable, (one, other) => {
      for (const kind of kinds) expect(kind(one) === kind(other)).toBe(one === other);
    }),
  );
  expect(sessionsKey("{")).not.toBe(sessionsKey("%7B"));
});

test("an id of ordinary characters stands in its keys as it is", () => {
  expect(kinds.map((kind) => kind("room-1"))).toEqual([
    "sessions:{room-1}",
    "followers:{room-1}",
    "node:{room-1}",
    "tail:{room-1}",
    "inbox:{room-1}",
  ]);
});
