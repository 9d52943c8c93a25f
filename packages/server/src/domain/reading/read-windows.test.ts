import { create } from "@bufbuild/protobuf";
import { EntrySchema } from "@maru/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { EntryRange, LoggedEntry } from "../store.ts";
import { readWindows } from "./read-windows.ts";

const logged = (seq: number): LoggedEntry => ({
  entry: create(EntrySchema, { roomId: "r", seq }),
  requestHash: undefined,
  appendedAtMs: 0,
});

it("shows behind each position what a read of its own would, and reads nothing twice", async () => {
  const log = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 50 });
  const positions = fc.array(fc.nat(70), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(log, positions, fc.integer({ min: 1, max: 20 }), async (numbers, after, maxEntries) => {
      const seqs = numbers.toSorted((a, b) => a - b);
      const read: number[] = [];
      const store = {
        async readEntries(range: EntryRange) {
          const page = seqs.filter((seq) => seq > (range.after ?? 0)).slice(0, range.limit);
          read.push(...page);
          return page.map(logged);
        },
      };
      const windows = await readWindows(store, "r", after, maxEntries);
      for (const position of after) {
        const behind = seqs.filter((seq) => seq > position);
        const window = windows.get(position);
        expect(window?.entries.map(({ entry }) => entry.seq)).toEqual(behind.slice(0, maxEntries));
        expect(window?.capped).toBe(behind.length > maxEntries);
      }
      expect(new Set(read).size).toBe(read.length);
    }),
  );
});
