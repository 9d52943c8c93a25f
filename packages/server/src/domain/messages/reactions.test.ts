import type { ReactionCount } from "@maru/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { countReactions, withReactionsOf } from "./reactions.ts";

const act = fc.record({
  userId: fc.constantFrom("a", "b", "c"),
  kinds: fc.uniqueArray(fc.constantFrom("x", "y", "z", "w"), { maxLength: 3 }),
});

it("kinds are counted, and stand in the order in which they came to be used", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
      let all: ReadonlyMap<string, readonly string[]> = new Map();
      let counts: ReactionCount[] = [];
      let order: string[] = [];
      for (const { userId, kinds } of acts) {
        all = withReactionsOf(all, userId, kinds);
        counts = countReactions(all, counts);
        const users = (kind: string) => [...all.values()].filter((set) => set.includes(kind)).length;
        order = [...order, ...kinds.filter((kind) => !order.includes(kind))].filter((kind) => users(kind) > 0);
        expect(counts.map(({ kind, userCount }) => [kind, userCount])).toEqual(
          order.map((kind) => [kind, users(kind)]),
        );
        expect(all.has(userId)).toBe(kinds.length > 0);
      }
    }),
  );
});
