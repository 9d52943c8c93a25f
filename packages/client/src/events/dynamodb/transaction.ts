import type { ConditionCheck, Delete, Put, TransactWriteItem, Update } from "@aws-sdk/client-dynamodb";
import type { ProcessStep } from "../position-store.ts";
import { TransactionEndedError } from "../transaction-ended-error.ts";
import { TooManyWritesError } from "./errors.ts";

/**
 * What a handler writes with DynamoDB: `ctx.tx`. Nothing is sent before the handler has ended; then all of it is stored
 * together with the position of the room, or none of it. The arguments are those of TransactWriteItems, with the table's
 * name in each. At most 99 writes, 4 MB in all, each to another item.
 *
 * A condition that fails is told in a `WriteRefusedError`, with the item as it is.
 */
export interface DynamodbTx {
  /** Puts an item. */
  put(put: Put): void;
  /** Updates an item. */
  update(update: Update): void;
  /** Deletes an item. */
  delete(del: Delete): void;
  /** Lets all of it fail unless the condition holds. */
  check(check: ConditionCheck): void;
  /** Adds writes as TransactWriteItems has them. */
  add(...writes: readonly TransactWriteItem[]): void;
}

/** TransactWriteItems takes 100, and one is the position. */
export const MAX_WRITES = 99;

/** The writes of one handler, until it has ended. */
export interface OpenTransaction {
  readonly tx: DynamodbTx;
  /** What was added. Nothing can be added from now on. */
  end(): readonly TransactWriteItem[];
}

export function openTransaction(step: ProcessStep): OpenTransaction {
  const added: TransactWriteItem[] = [];
  let hasEnded = false;

  function add(...writes: readonly TransactWriteItem[]): void {
    if (hasEnded) throw new TransactionEndedError(step);
    if (added.length + writes.length > MAX_WRITES) throw new TooManyWritesError(step, MAX_WRITES);
    added.push(...writes);
  }

  return {
    tx: {
      put: (put) => add({ Put: withOld(put) }),
      update: (update) => add({ Update: withOld(update) }),
      delete: (del) => add({ Delete: withOld(del) }),
      check: (check) => add({ ConditionCheck: withOld(check) }),
      add,
    },
    end() {
      hasEnded = true;
      return added;
    },
  };
}

function withOld<Write extends Put | Update | Delete | ConditionCheck>(write: Write): Write {
  return { ReturnValuesOnConditionCheckFailure: "ALL_OLD", ...write };
}
