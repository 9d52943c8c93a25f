import { expect, test } from "vitest";
import { compareTopic, type SeenEntry } from "./compare-topic.ts";

const clean = { repeats: 0, missing: 0, outOfOrder: 0, different: 0 };

function entries(roomId: string, ...seqs: number[]): SeenEntry[] {
  return seqs.map((seq) => ({ roomId, seq, fingerprint: `${roomId} ${seq}` }));
}

test("a topic with every entry of every room in order has no findings, whatever is repeated", () => {
  const table = [...entries("a", 1, 2, 3), ...entries("b", 1, 2)];
  const events = [...entries("a", 1), ...entries("b", 1), ...entries("a", 2, 3), ...entries("b", 2)];
  expect(compareTopic(table, events)).toEqual({ ...clean, inTopic: 5 });
  const repeated = [...entries("a", 1, 2, 1, 2, 3, 2, 3), ...entries("b", 1, 2)];
  expect(compareTopic(table, repeated)).toEqual({ ...clean, inTopic: 5, repeats: 4 });
});

test("a missing, a late, a changed and an unknown entry are each found", () => {
  const table = entries("a", 1, 2, 3);
  expect(compareTopic(table, entries("a", 1, 3))).toEqual({ ...clean, inTopic: 2, missing: 1 });
  expect(compareTopic(table, entries("a", 1, 3, 2))).toEqual({ ...clean, inTopic: 3, outOfOrder: 1 });
  const changed = [...entries("a", 1, 2), { roomId: "a", seq: 3, fingerprint: "other" }];
  expect(compareTopic(table, changed)).toEqual({ ...clean, inTopic: 3, different: 1 });
  expect(compareTopic(table, entries("a", 1, 2, 3, 4))).toEqual({ ...clean, inTopic: 3, different: 1 });
});
