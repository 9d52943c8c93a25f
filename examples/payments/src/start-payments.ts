import type { Maru } from "@maru/client";
import { type PositionStore, type SubscribeOptions, subscribe } from "@maru/client/events";
import { type Decision, type Ledger, paymentIdOf } from "./ledger.ts";
import { paymentHandlers } from "./payment-handlers.ts";
import type { AtStep } from "./steps.ts";
import { tellRooms } from "./tell-rooms.ts";

export interface PaymentsOptions<Tx> extends Omit<SubscribeOptions<Tx>, "group"> {
  readonly group?: string;
  readonly maru: Pick<Maru, "events" | "messages" | "cards">;
  readonly ledger: Ledger<Tx>;
  readonly positions: PositionStore<Tx>;
  readonly at?: AtStep;
  /** Is told of a room that could not be told what was decided; it is tried again. */
  readonly onTellError?: (decision: Decision, error: unknown) => void;
  /** How often rooms that could not be told are told again. */
  readonly tellEveryMs?: number;
}

/** A running payment service. */
export interface Payments extends AsyncDisposable {
  /** As that of a consumer. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** Pays what is sent in rooms, and tells the rooms. */
export async function startPayments<Tx>(options: PaymentsOptions<Tx>): Promise<Payments> {
  const {
    maru,
    ledger,
    positions,
    at = () => {},
    onTellError: onError = () => {},
    tellEveryMs = 1000,
    ...rest
  } = options;
  let telling = Promise.resolve();
  const tell = () => {
    telling = telling
      .then(() => tellRooms({ maru, ledger, at, onError }))
      .catch((error: unknown) => process.emitWarning(`the ledger does not answer: ${error}`));
    return telling;
  };
  const decided = new Set<string>();
  /** Tells rooms as soon as a decision is stored. */
  const telltale: PositionStore<Tx> = {
    load: (group, roomId) => positions.load(group, roomId),
    ensure: (tx, name) => positions.ensure(tx, name),
    async process(step, work) {
      const outcome = await positions.process(step, work);
      if (decided.delete(paymentIdOf(step)) && outcome === "processed") {
        at("transaction stored");
        void tell();
      }
      return outcome;
    },
  };

  await tell(); // what was decided before a crash
  const handlers = paymentHandlers({ maru, ledger, at, onDecided: (payment) => decided.add(paymentIdOf(payment)) });
  const consumer = await subscribe<Tx>(maru, { group: "payments", ...rest, positions: telltale }, handlers);
  const timer = setInterval(tell, tellEveryMs);
  async function close(): Promise<void> {
    await consumer.close();
    clearInterval(timer);
    await telling;
  }
  return { done: consumer.done, close, [Symbol.asyncDispose]: close };
}
