import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { cardOf, type Maru, user } from "@maru/client";
import {
  type PaymentRequest,
  PaymentRequestSchema,
  PaymentStatus,
} from "../../gen/acme/webchat/v1/payment_request_pb.js";
import { Refusal } from "./refusal.ts";

type Deps = { readonly maru: Pick<Maru, "cards" | "messages"> };

/** Tells the server what the card looks like: once per deployment; the same again changes nothing. */
export async function registerPayments({ maru }: Deps): Promise<void> {
  const files = create(FileDescriptorSetSchema, { file: [PaymentRequestSchema.file.proto] });
  const descriptorSet = toBinary(FileDescriptorSetSchema, files);
  await maru.cards.registerCardTypes({ descriptorSet, types: [PaymentRequestSchema.typeName] });
}

/** Sends a card on behalf of the user who wants the money. Resolves with its number. */
export async function requestPayment(
  { maru }: Deps,
  payeeId: string,
  request: { roomId: string; payerId: string; title: string; amountMinor: bigint; idempotencyKey: string },
): Promise<number> {
  const { roomId, idempotencyKey, ...card } = request;
  if (card.payerId === payeeId) throw new Refusal(400, "PAYER_IS_PAYEE", "somebody else has to pay");
  const { entry } = await maru.cards.send(
    roomId,
    PaymentRequestSchema,
    { ...card, currency: "EUR", status: PaymentStatus.OPEN },
    { actor: user(payeeId), idempotencyKey },
  );
  return entry?.seq ?? 0;
}

/**
 * The payer agrees: the card says so, the money moves, and the card says that. The keys are those of the act, so that a
 * second click, or a try after a crash, changes each card once. No money moves here; examples/payments moves it once.
 */
export async function pay(
  { maru, moveMoney }: Deps & { readonly moveMoney: (payment: PaymentRequest) => Promise<void> },
  payerId: string,
  { roomId, seq }: { roomId: string; seq: number },
): Promise<void> {
  const { entry } = await maru.messages.get({ roomId, seq, actor: user(payerId) });
  const message = entry?.body.case === "messageSent" ? entry.body.value : undefined;
  const payment = cardOf(PaymentRequestSchema, message?.content);
  if (payment === undefined) throw new Refusal(404, "NO_PAYMENT", `message ${seq} asks for no payment`);
  if (payment.payerId !== payerId) throw new Refusal(403, "NOT_THE_PAYER", "somebody else is asked to pay");
  if (payment.status === PaymentStatus.PAID) return;
  const show = (status: PaymentStatus, step: string) =>
    maru.cards.update(
      roomId,
      seq,
      PaymentRequestSchema,
      { ...payment, status },
      { idempotencyKey: `pay:${roomId}:${seq}:${step}` },
    );
  await show(PaymentStatus.PAYING, "paying");
  await moveMoney(payment);
  await show(PaymentStatus.PAID, "paid");
}
