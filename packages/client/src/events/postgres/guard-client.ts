import type { ProcessStep } from "../position-store.ts";
import { TransactionEndedError } from "../transaction-ended-error.ts";
import type { PgClient } from "./pool.ts";

/** A client that works until the handler has ended; afterwards its connection belongs to somebody else. */
export function guardClient<Client extends PgClient>(client: Client, step: ProcessStep) {
  let hasEnded = false;
  const tx = new Proxy(client, {
    get(target, name) {
      if (name === "release") {
        return () => {
          throw new TypeError("ctx.tx is released by the consumer, when the transaction is over");
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (hasEnded) throw new TransactionEndedError(step);
        return Reflect.apply(value, target, args);
      };
    },
  });
  return {
    tx,
    end(): void {
      hasEnded = true;
    },
  };
}
