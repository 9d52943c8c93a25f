import { create } from "@bufbuild/protobuf";
import { EntrySchema } from "@maru/protocol";
import { expect, it } from "vitest";
import { createRoomCache, putView, sizeBytes } from "./room-cache.ts";
import { learn, viewOf } from "./view.ts";

const entry = (roomId: string, seq: number) =>
  create(EntrySchema, { roomId, seq, stateSeq: 1, idempotencyKey: `k${seq}` });

function viewOfRoom(roomId: string) {
  const view = viewOf([{ entry: entry(roomId, 1), requestHash: "h", appendedAtMs: 0 }], { atMs: 0, atTurn: 1 });
  if (view === undefined) throw new Error("an entry makes a view");
  return view;
}

it("a view that grew weighs more, and others are dropped for it", () => {
  const [small, growing] = [viewOfRoom("a"), viewOfRoom("b")];
  const cache = createRoomCache(sizeBytes(small) * 4);
  putView(cache, small);
  putView(cache, growing);
  for (let seq = 2; seq <= 10; seq++) learn(growing, entry("b", seq), false);
  putView(cache, growing);
  expect(cache.calculatedSize).toBe(sizeBytes(growing));
  expect([...cache.keys()]).toEqual(["b"]);
});
