import { create } from "@bufbuild/protobuf";
import { ActorSchema, ContentSchema, EntrySchema, MessageEditedSchema, MessageSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { hasContent } from "../messages/emptied.ts";
import type { LoggedEntry } from "../store.ts";
import { type ErasureUnit, erasureChanges } from "./erasure-changes.ts";
import { storedBytes } from "./stored-bytes.ts";

const at = { seq: 1_000, nowMs: 0 };
const transactionBytes = 4 * 1024 * 1024;
const text = (bytes: number) => create(ContentSchema, { kind: { case: "text", value: { text: "x".repeat(bytes) } } });

function logged(seq: number, userId: string, body: LoggedEntry["entry"]["body"]): LoggedEntry {
  const actor = create(ActorSchema, { kind: { case: "userId", value: userId } });
  return { entry: create(EntrySchema, { roomId: "r", seq, actor, body }), requestHash: undefined, appendedAtMs: 0 };
}

const message = (seq: number, userId: string, bytes: number) =>
  logged(seq, userId, { case: "messageSent", value: create(MessageSchema, { content: text(bytes) }) });

const edit = (seq: number, targetSeq: number, bytes: number) =>
  logged(seq, "ann", {
    case: "messageEdited",
    value: create(MessageEditedSchema, { targetSeq, content: text(bytes) }),
  });

/** A message of bob's that ann has reacted to: it stays as large as it is. */
function reactedTo(seq: number, bytes: number): ErasureUnit {
  const original = { content: text(bytes), mentions: [] };
  const record = { contentSeqs: [], original, reactions: new Map([["ann", ["heart"]]]) };
  return { logged: { ...message(seq, "bob", bytes), record }, carriers: [], isOrphan: false };
}

test("large messages that keep their content are spread over steps that each fit a transaction", () => {
  let units = Array.from({ length: 27 }, (_, index) => reactedTo(index + 1, 190_000));
  let steps = 0;
  while (units.length > 0) {
    const { changes, through } = erasureChanges(units, "ann", at);
    expect(changes.length).toBeGreaterThan(0);
    const before = units.filter(({ logged }) => changes.some(({ seq }) => seq === logged.entry.seq));
    expect(storedBytes(changes) + storedBytes(before)).toBeLessThan(transactionBytes);
    units = units.filter(({ logged }) => logged.entry.seq > through);
    steps += 1;
  }
  expect(steps).toBe(9);
});

test("a message with more edits than fit a transaction loses edits first, and itself at the end", () => {
  const own = message(1, "ann", 300_000);
  let carriers = Array.from({ length: 50 }, (_, index) => edit(index + 2, 1, 70_000));
  const changed: number[][] = [];
  for (;;) {
    const { changes, through } = erasureChanges([{ logged: own, carriers, isOrphan: false }], "ann", at);
    changed.push(changes.map(({ seq }) => seq));
    carriers = carriers.map((carrier) => {
      const change = changes.find(({ seq }) => seq === carrier.entry.seq);
      return change === undefined ? carrier : { ...carrier, entry: { ...carrier.entry, body: change.body } };
    });
    if (through === 1) break;
    expect(changes.length).toBeGreaterThan(0);
  }
  expect(changed).toHaveLength(2);
  expect(changed[0]).not.toContain(1);
  expect(changed[1]).toContain(1);
  expect(changed.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
  expect(carriers.some(hasContent)).toBe(false);
});

test("one entry is changed however large it is", () => {
  expect(erasureChanges([reactedTo(1, 2_000_000)], "ann", at)).toMatchObject({ changes: [{ seq: 1 }], through: 1 });
});
