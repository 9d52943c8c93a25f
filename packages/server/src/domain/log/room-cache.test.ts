import { create } from "@bufbuild/protobuf";
import { EntrySchema } from "@maru/protocol";
import { expect, it } from "vitest";
import { createRoomCache, putView, sizeBytes } from "./room-cache.ts";
import { learn, viewOf } from "./view.ts";

const logged = (roomId: string, seq: number) => ({
  entry: create(EntrySchema, { roomId, seq, stateSeq: 1, idempotencyKey: `k${seq}` }),
  requestHash: "h",
  appendedAtMs: 0,
});

function viewOfRoom(roomId: string) {
  const view = viewOf([logged(roomId, 1)], { atMs: 0, atTurn: 1 });
  if (view === undefined) throw new Error("an entry makes a view");
  return view;
}

it("a view that grew weighs more, and others are dropped for it", () => {
  const [small, growing] = [viewOfRoom("a"), viewOfRoom("b")];
  const cache = createRoomCache(sizeBytes(small) * 4);
  putView(cache, small);
  putView(cache, growing);
  for (let seq = 2; seq <= 10; seq++) learn(growing, logged("b", seq), false);
  putView(cache, growing);
  expect(cache.calculatedSize).toBe(sizeBytes(growing));
  expect([...cache.keys()]).toEqual(["b"]);
});
