import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { EntrySchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { affectedUserIds, partsByAudience } from "./affected-users.ts";

const entry = (seq: number, body: MessageInitShape<typeof EntrySchema>["body"]) => create(EntrySchema, { seq, body });
const sent = (seq: number) => entry(seq, { case: "messageSent", value: {} });

test("who joins, leaves, is removed or is in a new room hears of it", () => {
  const members = [{ userId: "ann" }, { userId: "ben" }];
  expect(affectedUserIds(entry(1, { case: "roomCreated", value: { members } }))).toEqual(["ann", "ben"]);
  expect(affectedUserIds(entry(2, { case: "membersAdded", value: { members } }))).toEqual(["ann", "ben"]);
  expect(affectedUserIds(entry(3, { case: "membersRemoved", value: { userIds: ["cleo"] } }))).toEqual(["cleo"]);
  expect(affectedUserIds(entry(4, { case: "memberLeft", value: { userId: "dan" } }))).toEqual(["dan"]);
  expect(affectedUserIds(sent(5))).toEqual([]);
});

test("what follows a departure is told apart from it", () => {
  const left = entry(2, { case: "memberLeft", value: { userId: "dan" } });
  const removed = entry(4, { case: "membersRemoved", value: { userIds: ["cleo"] } });
  const seqs = (...entries: Parameters<typeof partsByAudience>[0]) =>
    partsByAudience(entries).map((part) => part.map(({ seq }) => seq));
  expect(seqs(sent(1), left, sent(3), removed, sent(5), sent(6))).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  expect(seqs(sent(1), left)).toEqual([[1, 2]]);
  expect(seqs()).toEqual([]);
});
