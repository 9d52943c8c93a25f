import { create } from "@bufbuild/protobuf";
import { type Entry, EntrySchema, RoomSchema } from "@maru/protocol";
import { describe, expect, it } from "vitest";
import type { LoggedEntry } from "../store.ts";
import { denseRun, learn, type RoomView, viewOf } from "./view.ts";

const entry = (seq: number, stateSeq: number, isKnown = true) =>
  create(EntrySchema, {
    roomId: "r",
    seq,
    stateSeq,
    idempotencyKey: `k${seq}`,
    ...(isKnown ? { body: { case: "messageSent" as const, value: {} } } : {}),
  });
const loggedOf = (one: Entry): LoggedEntry => ({ entry: one, requestHash: "h", appendedAtMs: 0 });
const logged = (seq: number): LoggedEntry => loggedOf(entry(seq, 1));

function viewAt(seq: number): RoomView {
  const view = viewOf([logged(seq)], { atMs: 0, atTurn: 1 });
  if (view === undefined) throw new Error("an entry makes a view");
  view.state = { room: create(RoomSchema, { stateSeq: 1 }), members: new Map() };
  return view;
}

describe("what is known of a room's log", () => {
  it("goes back to the first hole", () => {
    expect(denseRun([9, 8, 7, 5, 4].map(logged)).map((one) => one.entry.seq)).toEqual([9, 8, 7]);
    expect(viewOf([9, 8, 7, 5, 4].map(logged), { atMs: 0, atTurn: 1 })?.keys.fromSeq).toBe(7);
  });

  it("is nothing for a room without entries", () => {
    expect(viewOf([], { atMs: 0, atTurn: 1 })).toBeUndefined();
  });

  it("keeps the state over messages", () => {
    const view = viewAt(4);
    learn(view, loggedOf(entry(5, 1)), false);
    expect(view).toMatchObject({ tailSeq: 5, stateSeq: 1 });
    expect(view.state).toBeDefined();
  });

  it("forgets the state when an entry names a change that was not seen", () => {
    const view = viewAt(4);
    learn(view, loggedOf(entry(7, 6)), false);
    expect(view).toMatchObject({ tailSeq: 7, stateSeq: 6, state: undefined });
  });

  it("forgets the state when an unknown type of entry changed it", () => {
    const view = viewAt(4);
    learn(view, loggedOf(entry(5, 5, false)), false);
    expect(view).toMatchObject({ tailSeq: 5, stateSeq: 5, state: undefined });
  });
});
