import fc from "fast-check";
import { expect, it } from "vitest";
import { deriveRoomId } from "./room-id.ts";

it("the same parts give the same id, one that the contract takes", () => {
  expect(deriveRoomId("direct", ["a", "b"])).toBe(deriveRoomId("direct", ["a", "b"]));
  expect(deriveRoomId("direct", ["a", "é"])).toMatch(/^[0-9a-f]{32}$/);
});

it("another kind, or other parts, give another id, however the text of the parts is divided", () => {
  expect(deriveRoomId("direct", ["a"])).not.toBe(deriveRoomId("created", ["a"]));
  const parts = fc.array(fc.string({ unit: fc.constantFrom("a", "1", ":", "") }), { maxLength: 4 });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other);
      expect(deriveRoomId("direct", one) === deriveRoomId("direct", other)).toBe(isSame);
    }),
  );
});
