import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Entry, EntrySchema } from "@maru/protocol";
import { describe, expect, it } from "vitest";
import { addNewest, addOlder, coversSince, recentKeysOf, trim } from "./recent-keys.ts";
import { keyScopeOf } from "./request-key.ts";

/** Entry n is made n seconds after 1970. */
function entries(from: number, to: number, key = (seq: number) => `k${seq}`): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const seq = from + index;
    return create(EntrySchema, { seq, idempotencyKey: key(seq), createdAt: timestampFromMs(seq * 1_000) });
  });
}

const scopeOf = (key: string) => keyScopeOf(create(EntrySchema, { idempotencyKey: key }));

describe("recent keys", () => {
  it("know the entries that they were made of, and those that follow", () => {
    const keys = recentKeysOf(entries(5, 7));
    for (const entry of entries(8, 9)) addNewest(keys, entry);
    expect([...keys.uses.values()].map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9]);
    expect(keys.fromSeq).toBe(5);
  });

  it("cover only times after the oldest entry that they know", () => {
    const keys = recentKeysOf(entries(5, 7));
    expect(coversSince(keys, 5_001)).toBe(true);
    // The entry before the oldest may have been made in the same millisecond.
    expect(coversSince(keys, 5_000)).toBe(false);
  });

  it("cover all times when they reach the first entry", () => {
    expect(coversSince(recentKeysOf(entries(1, 2)), 0)).toBe(true);
  });

  it("reach further back with older entries, and stay in order", () => {
    const keys = recentKeysOf(entries(5, 7));
    addOlder(keys, entries(2, 4));
    expect([...keys.uses.values()].map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(keys).toMatchObject({ fromSeq: 2, fromCreatedAtMs: 2_000 });
  });

  it("keep the newest use of a key that was used again", () => {
    const keys = recentKeysOf(entries(5, 7));
    addOlder(
      keys,
      entries(2, 4, () => "k6"),
    );
    expect(keys.uses.get(scopeOf("k6"))?.seq).toBe(6);
  });

  it("forget the oldest beyond a count, and cover less", () => {
    const keys = recentKeysOf(entries(1, 9));
    trim(keys, 3, 100_000);
    expect([...keys.uses.values()].map(({ seq }) => seq)).toEqual([7, 8, 9]);
    expect(keys).toMatchObject({ fromSeq: 7, fromCreatedAtMs: 7_000 });
  });

  it("do not forget what is young", () => {
    const keys = recentKeysOf(entries(1, 9));
    trim(keys, 3, 4_000);
    expect(keys).toMatchObject({ fromSeq: 4, fromCreatedAtMs: 4_000 });
  });

  it("never claim to cover an entry whose key they forgot", () => {
    const keys = recentKeysOf(entries(1, 6, (seq) => (seq === 1 ? "k5" : `k${seq}`)));
    trim(keys, 4, 100_000);
    for (let seq = keys.fromSeq; seq <= 6; seq++) expect(keys.uses.get(scopeOf(`k${seq}`))?.seq).toBe(seq);
  });
});
