import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createRouterTransport } from "@connectrpc/connect";
import {
  type Content,
  ContentSchema,
  MessageService,
  type SendMessageRequest,
  type UpdateCardRequest,
} from "@maru/protocol";
import { expect, expectTypeOf, test } from "vitest";
import {
  type PaymentRequest,
  PaymentRequestSchema,
  PaymentStatus,
  ReceiptSchema,
} from "../test/acme/gen/acme/payments/v1/payment_request_pb.js";
import { createCardSender } from "./cards.ts";
import { card, cardOf, text, user } from "./index.ts";
import { createNounClients } from "./nouns.ts";

const sent: SendMessageRequest[] = [];
const updated: UpdateCardRequest[] = [];
const { messages } = createNounClients(
  createRouterTransport((router) => {
    router.service(MessageService, {
      sendMessage: (request) => ({ entry: { roomId: request.roomId, seq: sent.push(request) } }),
      updateCard: (request) => ({ entry: { roomId: request.roomId, seq: updated.push(request) } }),
    });
  }),
);
const cards = createCardSender(messages);

const content = (schema: Parameters<typeof card>[0], value: Record<string, unknown>): Content =>
  create(ContentSchema, card(schema, value));

test("a card is sent as a message with its type and bytes, and whatever else a message takes", async () => {
  const options = { actor: user("u1"), replyToSeq: 3, idempotencyKey: "k1" };
  const { entry } = await cards.send("r", PaymentRequestSchema, { title: "Lunch", amountMinor: 1_200n }, options);
  expect(entry).toMatchObject({ roomId: "r", seq: 1 });
  expect(sent[0]).toMatchObject({
    ...{ roomId: "r", replyToSeq: 3, idempotencyKey: "k1", actor: { kind: { case: "userId", value: "u1" } } },
    content: { kind: { case: "card", value: { type: "acme.payments.v1.PaymentRequest" } } },
  });
  expect(cardOf(PaymentRequestSchema, sent[0]?.content)).toMatchObject({ title: "Lunch", amountMinor: 1_200n });
});

test("a card is updated by the calling service, and keeps what its schema does not know", async () => {
  const newer = toBinary(PaymentRequestSchema, create(PaymentRequestSchema, { title: "Lunch" }));
  const payment = fromBinary(PaymentRequestSchema, new Uint8Array([...newer, 0x98, 0x06, 7]));
  await cards.update("r", 2, PaymentRequestSchema, { ...payment, status: PaymentStatus.PAID });
  expect(updated[0]).toMatchObject({ roomId: "r", seq: 2, actor: { kind: { case: "service" } } });
  const after = cardOf(PaymentRequestSchema, updated[0]?.card);
  expect(after).toMatchObject({ title: "Lunch", status: PaymentStatus.PAID, $unknown: [{ no: 99 }] });
});

test("what is no card, or one of another type, is not read as one", () => {
  expect(cardOf(PaymentRequestSchema, undefined)).toBeUndefined();
  expect(cardOf(PaymentRequestSchema, create(ContentSchema))).toBeUndefined();
  expect(cardOf(PaymentRequestSchema, create(ContentSchema, text("hi")))).toBeUndefined();
  expect(cardOf(PaymentRequestSchema, content(ReceiptSchema, { amountMinor: 5n }))).toBeUndefined();
  expect(cardOf(ReceiptSchema, content(ReceiptSchema, { amountMinor: 5n }))?.amountMinor).toBe(5n);
});

test("fields that the team's message does not have, and a card without an actor, do not compile", () => {
  expectTypeOf(cardOf(PaymentRequestSchema, undefined)).toEqualTypeOf<PaymentRequest | undefined>();
  const never = () => [
    cards.send("r", PaymentRequestSchema, { title: "Lunch" }, { actor: user("u"), holdMs: 5_000 }, { timeoutMs: 5 }),
    // @ts-expect-error a field that the message does not have
    cards.send("r", PaymentRequestSchema, { name: "Lunch" }, { actor: user("u") }),
    // @ts-expect-error a number where the message has a bigint
    cards.send("r", PaymentRequestSchema, { amountMinor: 5 }, { actor: user("u") }),
    // @ts-expect-error who sends it is not said
    cards.send("r", PaymentRequestSchema, { title: "Lunch" }, {}),
    // @ts-expect-error the card is the content
    cards.send("r", PaymentRequestSchema, { title: "Lunch" }, { actor: user("u"), content: text("hi") }),
    // @ts-expect-error only services update cards
    cards.update("r", 1, PaymentRequestSchema, { title: "Lunch" }, { actor: user("u") }),
  ];
  expectTypeOf(never).toBeFunction();
});
