import { type PaymentRequest, PaymentStatus } from "../../gen/acme/webchat/v1/payment_request_pb.js";
import { nameOf } from "./people.ts";

/** A payment card as one of the people in the room sees it. */
export interface PaymentView {
  readonly title: string;
  readonly amount: string;
  readonly state: "open" | "paying" | "paid";
  /** What the card says below the amount. */
  readonly sentence: string;
  /** What the button says; undefined where there is none. */
  readonly button: string | undefined;
}

export function toPaymentView(
  payment: PaymentRequest,
  { me, senderId, locale }: { readonly me: string; readonly senderId: string; readonly locale?: string },
): PaymentView {
  const amount = formatAmount(payment, locale);
  const state = stateOf(payment.status);
  const payer = payment.payerId === me ? "you" : nameOf(payment.payerId);
  const payee = senderId === me ? "you" : nameOf(senderId);
  const sentences = {
    open: `${payee === "you" ? "You ask" : `${payee} asks`} ${payer}`,
    paying: `${payer === "you" ? "You are" : `${payer} is`} paying`,
    paid: `${payer === "you" ? "You" : payer} paid ${payee}`,
  };
  const button = payment.payerId === me && state === "open" ? `Pay ${amount}` : undefined;
  return { title: payment.title, amount, state, sentence: sentences[state], button };
}

function stateOf(status: PaymentStatus): PaymentView["state"] {
  if (status === PaymentStatus.PAID) return "paid";
  return status === PaymentStatus.PAYING ? "paying" : "open";
}

function formatAmount({ amountMinor, currency }: PaymentRequest, locale: string | undefined): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(Number(amountMinor) / 10 ** digits);
}
