import fc from "fast-check";
import { expect, it } from "vitest";
import { inParts } from "./in-parts.ts";

it("all items come in order, and a part is too large only for an item that is too large by itself", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 15 })), (sizes) => {
      const parts = inParts(sizes, (size) => size, 10);
      expect(parts.flat()).toEqual(sizes);
      for (const part of parts) {
        expect(part.length).toBeGreaterThan(0);
        const sum = part.reduce((total, size) => total + size, 0);
        expect(sum <= 10 || part.length === 1).toBe(true);
      }
      for (const [index, part] of parts.entries()) {
        const next = parts[index + 1]?.[0];
        const sum = part.reduce((total, size) => total + size, 0);
        if (next !== undefined) expect(sum + next).toBeGreaterThan(10);
      }
    }),
  );
});
