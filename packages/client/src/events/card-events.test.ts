import { create, toBinary } from "@bufbuild/protobuf";
import { type Entry, EntrySchema } from "@maru/protocol";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type PaymentRequest,
  PaymentRequestSchema,
  PaymentStatus,
  type Receipt,
  ReceiptSchema,
} from "../../test/acme/gen/acme/payments/v1/payment_request_pb.js";
import { toCard } from "../contents.ts";
import { on } from "./card-events.ts";
import { type AnyEvent, type EventContext, type Handlers, handlerOf } from "./handlers.ts";
import { refuseBadHandlers } from "./options.ts";

const payment = { title: "Lunch", amountMinor: 1_200n, currency: "EUR", status: PaymentStatus.OPEN };
const paid = { ...payment, status: PaymentStatus.PAID };
const content = { kind: { case: "card", value: toCard(PaymentRequestSchema, payment) } } as const;
const ctx = { attempt: 1 } as EventContext;

function event(seq: number, body: Parameters<typeof create<typeof EntrySchema>>[1] & object): AnyEvent {
  const entry = create(EntrySchema, { roomId: "r", seq, ...body });
  const facts = { roomId: "r", seq, entry, type: entry.type, committedAt: undefined, relayedAt: undefined };
  return { ...facts, healed: false, kind: entry.body.case, body: entry.body.value } as AnyEvent;
}

const sent = event(4, { body: { case: "messageSent", value: { content } } });
const committed = event(6, { body: { case: "messageCommitted", value: { targetSeq: 4, message: { content } } } });
const updated = event(7, {
  body: { case: "cardUpdated", value: { targetSeq: 4, card: toCard(PaymentRequestSchema, paid), editCount: 1 } },
});

/** What the handlers are called with, as text. */
async function handled(handlers: (say: (words: string) => void) => Handlers, ...events: readonly AnyEvent[]) {
  const said: string[] = [];
  const all = handlers((words) => said.push(words));
  for (const one of events) await handlerOf(all, one)?.(one, ctx);
  return said;
}

describe("a handler of a type of cards", () => {
  test("gets the typed card when it is sent, committed and updated, with the number of its message", async () => {
    const said = await handled(
      (say) => ({
        cards: [
          on.card(PaymentRequestSchema, ({ kind, seq, messageSeq, card, cardType, roomId, entry }, { attempt }) => {
            expectTypeOf(card).toEqualTypeOf<PaymentRequest>();
            expectTypeOf(entry).toEqualTypeOf<Entry>();
            say(
              `${kind} ${roomId}/${seq} of ${messageSeq}: ${card.title} ${card.amountMinor} ${card.status} ${attempt}`,
            );
            expect(cardType).toBe("acme.payments.v1.PaymentRequest");
          }),
          on.card(ReceiptSchema, ({ card }) => expectTypeOf(card).toEqualTypeOf<Receipt>()),
        ],
        messageSent: () => say("the handler of its kind"),
        any: () => say("any"),
      }),
      ...[sent, committed, updated],
    );
    expect(said).toEqual([
      "messageSent r/4 of 4: Lunch 1200 1 1",
      "messageCommitted r/6 of 4: Lunch 1200 1 1",
      "cardUpdated r/7 of 4: Lunch 1200 2 1",
    ]);
  });

  test("gets no other cards: they go to unknownCard, or where they would go if they were none", async () => {
    const others = (say: (words: string) => void): Handlers => ({
      cards: [on.card(ReceiptSchema, () => say("receipt"))],
      messageSent: () => say("messageSent"),
      any: ({ kind }) => say(`any ${kind}`),
    });
    expect(await handled(others, sent, committed, updated)).toEqual([
      "messageSent",
      "any messageCommitted",
      "any cardUpdated",
    ]);
    const told = await handled(
      (say) => ({
        ...others(say),
        unknownCard: ({ cardType, value, messageSeq }) => say(`${cardType} ${value.length} ${messageSeq}`),
      }),
      ...[sent, updated],
    );
    const length = toBinary(PaymentRequestSchema, create(PaymentRequestSchema, payment)).length;
    expect(told).toEqual(Array(2).fill(`acme.payments.v1.PaymentRequest ${length} 4`));
  });

  test("gets no events without a card: texts, held and deleted messages", async () => {
    const handlers = (say: (words: string) => void): Handlers => ({
      cards: [on.card(PaymentRequestSchema, () => say("card"))],
      unknownCard: () => say("unknown card"),
      any: ({ kind }) => say(kind),
    });
    const text = { kind: { case: "text", value: { text: "hi" } } } as const;
    const said = await handled(
      handlers,
      event(2, { body: { case: "messageSent", value: { content: text } } }),
      event(3, { body: { case: "messageSent", value: {} } }),
      event(4, { body: { case: "messageCommitted", value: { targetSeq: 3 } } }),
      event(5, { body: { case: "cardUpdated", value: { targetSeq: 3 } } }),
      event(6, { body: { case: "roomFrozen", value: {} } }),
    );
    expect(said).toEqual(["messageSent", "messageSent", "messageCommitted", "cardUpdated", "roomFrozen"]);
  });

  test("fails for bytes that are not its message, and says so", async () => {
    const card = { type: PaymentRequestSchema.typeName, value: new Uint8Array([0x0a, 9]) };
    const broken = event(4, {
      body: { case: "messageSent", value: { content: { kind: { case: "card", value: card } } } },
    });
    const handlers = { cards: [on.card(PaymentRequestSchema, () => undefined)] };
    expect(() => handlerOf(handlers, broken)?.(broken, ctx)).toThrow("message 4 of room r is no acme.payments.v1.P");
  });
});

test("handlers of cards that could not be called are refused", () => {
  const one = on.card(PaymentRequestSchema, () => undefined);
  expect(() => refuseBadHandlers({ cards: [one] })).not.toThrow();
  expect(() => refuseBadHandlers({ cards: [] })).toThrow("there is no handler");
  expect(() => refuseBadHandlers({ cards: [one, one] })).toThrow("two handlers are for cards of the type acme.pay");
  expect(() => refuseBadHandlers({ cards: one } as unknown as Handlers)).toThrow("must be a list");
  expect(() => refuseBadHandlers({ cards: [() => {}] } as unknown as Handlers)).toThrow("what on.card makes");
  expect(() => refuseBadHandlers({ unknownCard: 1 } as unknown as Handlers)).toThrow("unknownCard must be a function");
});
