import { create } from "@bufbuild/protobuf";
import { EntrySchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { fillHole, type Hole } from "./fill-hole.ts";

function fill(hole: Partial<Hole>, seqs: number[], isLast = false) {
  const entries = seqs.map((seq) => {
    return create(EntrySchema, { roomId: "r", seq, type: "room_frozen", body: { case: "roomFrozen", value: {} } });
  });
  const { items, atEnd } = fillHole({ roomId: "r", firstSeq: 42, lastSeq: 45, ...hole }, { entries, isLast });
  const told = items.map((item) => {
    if (item.kind !== "gap") return `${item.seq}${item.healed ? "" : " not healed"}`;
    return `${item.firstMissingSeq}-${item.lastMissingSeq} ${item.reason}`;
  });
  return { told, atEnd };
}

test("entries fill a hole in order, and those behind it are left alone", () => {
  expect(fill({}, [42, 43, 44, 45, 46])).toEqual({ told: ["42", "43", "44", "45"], atEnd: false });
});

test("a part of a hole may come first", () => {
  expect(fill({}, [42, 43])).toEqual({ told: ["42", "43"], atEnd: false });
});

test("what is not there although something later is was purged", () => {
  expect(fill({}, [44, 46]).told).toEqual(["42-43 purged", "44", "45-45 purged"]);
  expect(fill({}, [60]).told).toEqual(["42-45 purged"]);
});

test("what the log has not come to was never there", () => {
  expect(fill({}, [42], true).told).toEqual(["42", "43-45 notFound"]);
  expect(fill({}, [], true).told).toEqual(["42-45 notFound"]);
});

test("without a last number, the log's end is the end", () => {
  expect(fill({ lastSeq: undefined }, [42, 44], true)).toEqual({ told: ["42", "43-43 purged", "44"], atEnd: true });
  expect(fill({ lastSeq: undefined }, [], true)).toEqual({ told: [], atEnd: true });
  expect(fill({ lastSeq: undefined }, [42])).toEqual({ told: ["42"], atEnd: false });
});
