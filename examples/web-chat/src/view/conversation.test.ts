import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Entry, EntrySchema, HoldState } from "@maru/protocol";
import { expect, test } from "vitest";
import { PaymentRequestSchema, PaymentStatus } from "../../gen/acme/webchat/v1/payment_request_pb.js";
import {
  type Conversation,
  emptyConversation,
  withEntry,
  withHistory,
  withPending,
  withRefusal,
} from "./conversation.ts";

type Body = NonNullable<MessageInitShape<typeof EntrySchema>["body"]>;

function entry(seq: number, body: Body, { by = "ann", key = `key-${seq}` } = {}): Entry {
  const actor = { kind: { case: "userId", value: by } } as const;
  const createdAt = timestampFromMs(1_000_000 + seq);
  return create(EntrySchema, { roomId: "r", seq, actor, createdAt, body, idempotencyKey: key });
}

const content = (text: string) => ({ kind: { case: "text", value: { text } } }) as const;
const said = (text: string) => ({ case: "messageSent", value: { content: content(text) } }) as const;
const edited = (targetSeq: number, editCount: number, text: string) =>
  ({ case: "messageEdited", value: { targetSeq, editCount, content: content(text) } }) as const;

function follow(entries: readonly Entry[], from: Conversation = emptyConversation): Conversation {
  return entries.reduce(withEntry, from);
}

const shown = (conversation: Conversation) =>
  [...conversation.shown.values()].map((one) =>
    one.kind === "notice" ? one.text : one.content.kind === "text" ? one.content.text : one.content.kind,
  );

test("messages, edits and deletes are shown as they are after all of them", () => {
  const conversation = follow([
    entry(2, said("one")),
    entry(3, said("two")),
    entry(4, edited(2, 1, "ONE")),
    entry(5, { case: "messageDeleted", value: { targetSeq: 3 } }),
    entry(6, edited(3, 1, "too late")),
  ]);
  expect(shown(conversation)).toEqual(["ONE", "deleted"]);
  expect(conversation.lastSeq).toBe(6);
});

test("what history knows already is not undone by the entries that led to it", () => {
  const now = { ...said("two, edited twice").value, editCount: 2 };
  const history = withHistory(emptyConversation, [entry(2, { case: "messageSent", value: now })], 2);
  const states = [entry(2, said("two")), entry(3, edited(2, 1, "edited")), entry(4, edited(2, 2, "two, edited twice"))];
  for (let count = 1; count <= states.length; count++) {
    expect(shown(follow(states.slice(0, count), history))).toEqual(["two, edited twice"]);
  }
  const again = follow([entry(5, edited(2, 3, "again"))], history);
  expect(shown(again)).toEqual(["again"]);
  // A page of history that was asked for before the edit, and comes after it.
  expect(shown(withHistory(again, [entry(2, { case: "messageSent", value: now })], 2))).toEqual(["again"]);
});

test("a message that was shown at once gives its place to its entry, however that comes", () => {
  const key = "0197-key";
  const sent = withPending(emptyConversation, { key, text: "hi", sentAtMs: 5 });
  expect(sent.pending).toEqual([{ key, text: "hi", sentAtMs: 5, refusal: undefined }]);
  const own = entry(2, said("hi"), { key });
  for (const arrived of [withEntry(sent, own), withHistory(sent, [own], 2)]) {
    expect(arrived.pending).toEqual([]);
    expect(shown(arrived)).toEqual(["hi"]);
  }
  expect(withEntry(sent, entry(2, said("other"))).pending).toHaveLength(1);
  expect(withRefusal(sent, key, "frozen").pending[0]?.refusal).toBe("frozen");
});

test("a held message is shown when it is committed, and stays hidden when it is cancelled", () => {
  const held = (seq: number) => entry(seq, { case: "messageSent", value: { holdState: HoldState.HELD } });
  const message = { content: content("paid"), holdState: HoldState.COMMITTED };
  const conversation = follow([
    held(2),
    held(3),
    entry(4, { case: "messageCommitted", value: { targetSeq: 2, message } }),
    entry(5, { case: "messageCancelled", value: { targetSeq: 3 } }),
  ]);
  expect(shown(conversation)).toEqual(["paid", "hidden"]);
});

test("a card shows its newest state, and what was erased is gone", () => {
  const card = (status: PaymentStatus) => ({
    type: PaymentRequestSchema.typeName,
    value: toBinary(PaymentRequestSchema, create(PaymentRequestSchema, { payerId: "bob", status })),
  });
  const sent = { content: { kind: { case: "card", value: card(PaymentStatus.OPEN) } } } as const;
  const updated = { targetSeq: 2, editCount: 1, card: card(PaymentStatus.PAID) };
  const paid = follow([
    entry(2, { case: "messageSent", value: sent }),
    entry(3, { case: "cardUpdated", value: updated }),
    entry(4, said("thanks"), { by: "bob" }),
  ]);
  const first = paid.shown.get(2);
  expect(first?.kind === "message" && first.content).toMatchObject({ payment: { status: PaymentStatus.PAID } });
  const erased = withEntry(paid, entry(5, { case: "userErased", value: { userId: "ann" } }));
  expect(shown(erased)).toEqual(["deleted", "thanks"]);
});

test("who joined and left is said between the messages", () => {
  const conversation = follow([
    entry(1, { case: "roomCreated", value: { kind: "group" } }),
    entry(2, { case: "membersAdded", value: { members: [{ userId: "bob" }, { userId: "eve" }] } }),
    entry(3, { case: "memberLeft", value: { userId: "eve" } }),
  ]);
  expect(shown(conversation)).toEqual(["Bob and Eve joined", "Eve left"]);
});
