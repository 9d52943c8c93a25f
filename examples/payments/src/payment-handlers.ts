import { cardOf, type Maru } from "@maru/client";
import type { EventOf, Handlers } from "@maru/client/events";
import { HoldState } from "@maru/protocol";
import { RemittanceSchema } from "../gen/acme/remittance/v1/remittance_pb.js";
import type { Ledger, Payment } from "./ledger.ts";
import type { AtStep } from "./steps.ts";

export interface PaymentHandlersDeps<Tx> {
  readonly maru: Pick<Maru, "messages">;
  readonly ledger: Ledger<Tx>;
  readonly at: AtStep;
  /** Is told of a decision that is about to be stored. */
  readonly onDecided: (payment: Payment) => void;
}

/** Decides each remittance when its held message comes. Nothing is told to the room here: see `tell-rooms.ts`. */
export function paymentHandlers<Tx>({ maru, ledger, at, onDecided }: PaymentHandlersDeps<Tx>): Handlers<Tx> {
  return {
    async messageSent(event, { tx, signal }) {
      const payment = await readPayment(maru, event, signal);
      if (payment === undefined) return;
      at("handler begun");
      await ledger.decide(tx, payment);
      onDecided(payment);
      at("handler done");
    },
    // Every event moves the position, or the next one looks like a hole after a restart.
    any() {},
  };
}

/** The event of a held message has no content: services ask for it. */
async function readPayment(
  { messages }: Pick<Maru, "messages">,
  { roomId, seq, body }: EventOf<"messageSent">,
  signal: AbortSignal,
): Promise<Payment | undefined> {
  if (body.holdState !== HoldState.HELD) return undefined;
  const { entry } = await messages.get({ roomId, seq }, { signal });
  const message = entry?.body.case === "messageSent" ? entry.body.value : undefined;
  // Cancelled or expired meanwhile, or long since paid when another group reads history.
  if (message?.holdState !== HoldState.HELD) return undefined;
  const card = cardOf(RemittanceSchema, message.content);
  const payer = entry?.actor?.kind;
  // Whoever sends the message pays: what a card says of itself is only what its sender wrote.
  if (card === undefined || payer?.case !== "userId" || card.amountMinor <= 0n) return undefined;
  if (card.payeeId === payer.value) return undefined;
  return { roomId, seq, payerId: payer.value, payeeId: card.payeeId, amountMinor: card.amountMinor };
}
