import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CancellationReason,
  type DynamoDBClient,
  GetItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import type { PositionStore, ProcessStep } from "../position-store.ts";
import { toCancellation } from "./cancellation.ts";
import { WriteRefusedError } from "./errors.ts";
import { fromItem, type StoredPosition, toEnsure, toKey, toPut } from "./stored-position.ts";
import { type DynamodbTx, openTransaction } from "./transaction.ts";

/** Where positions are stored. */
export interface DynamodbPositionsOptions {
  /** A client of AWS SDK 3, in the account and region of all tables that handlers write to. */
  readonly client: DynamoDBClient;
  /** The table that `ensurePositionsTable` makes; groups may share one. */
  readonly tableName: string;
  /** How often a commit is tried that meets other transactions on the same items, the first time included. @default 8 */
  readonly maxAttempts?: number;
}

const BACKOFF_MS = { first: 20, max: 500 };

/**
 * Positions in DynamoDB, each committed with the writes of its handler in one TransactWriteItems. It costs two write units
 * per KB of each item instead of one; the position is one small item. A repeat that the consumer cannot know of, the first
 * event of a room after a restart, is found by a strongly consistent read before the handler is called.
 *
 * When the answer to a commit is lost, the position is read back, and says whose commit it was. So the outcome of `process`
 * is right wherever the table can be reached; where it cannot, `process` rejects, and the next call finds out.
 *
 * @throws RangeError when `maxAttempts` makes no sense. `process` rejects with `WriteRefusedError`, `TooManyWritesError`,
 * or what the SDK throws
 * @example
 * const client = new DynamoDBClient({});
 * await ensurePositionsTable({ client, tableName: "push-positions" });
 * const positions = dynamodbPositions({ client, tableName: "push-positions" });
 * await using consumer = await subscribe(maru, { brokers, group: "push", positions }, {
 *   messageSent: ({ roomId, seq }, { tx }) => tx.put({ TableName: "pushes", Item: { id: { S: `${roomId}/${seq}` } } }),
 * });
 */
export function dynamodbPositions(options: DynamodbPositionsOptions): PositionStore<DynamodbTx> {
  const { client, tableName, maxAttempts = 8 } = options;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(`dynamodbPositions: maxAttempts must be a whole number from 1 on, not ${maxAttempts}`);
  }
  /** Rooms where a commit may have been stored, although it failed. */
  const doubtful = new Set<string>();

  async function read(step: Pick<ProcessStep, "group" | "roomId">): Promise<StoredPosition | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: toKey(step), ConsistentRead: true }),
    );
    return Item && fromItem(Item);
  }

  async function commit(step: ProcessStep, writes: readonly TransactWriteItem[]): Promise<"processed" | "repeat"> {
    const attempt = randomUUID();
    const TransactItems = [{ Put: toPut(tableName, step, attempt, new Date()) }, ...writes];
    const settle = (stored: StoredPosition | undefined) => outcomeOf(stored, step, attempt);
    let token = randomUUID();
    for (let count = 1; ; count++) {
      try {
        await client.send(new TransactWriteItemsCommand({ ClientRequestToken: token, TransactItems }));
        return "processed";
      } catch (error) {
        if (isNamed(error, "TransactionCanceledException")) {
          const cancellation = toCancellation(reasonsOf(error));
          if (cancellation.kind === "position") {
            const stored = cancellation.item ? fromItem(cancellation.item) : await read(step);
            return settle(stored) ?? raise(error);
          }
          if (cancellation.kind === "refused") {
            // Also our own commit lets a condition fail, when this is its second arrival.
            return settle(await read(step)) ?? raise(toRefusal(step, writes, cancellation, error));
          }
          token = randomUUID();
        } else if (!isNamed(error, "TransactionInProgressException")) {
          const stored = await read(step).catch(() => undefined);
          return settle(stored) ?? raise(error);
        }
        if (count >= maxAttempts) throw error;
        await sleep(Math.random() * Math.min(BACKOFF_MS.max, BACKOFF_MS.first * 2 ** count));
      }
    }
  }

  return {
    async load(group, roomId) {
      return (await read({ group, roomId }))?.seq;
    },
    async process(step, work) {
      const place = JSON.stringify([step.group, step.roomId]);
      if (step.previousSeq === undefined || doubtful.has(place)) {
        const stored = await read(step);
        if (stored && stored.seq >= step.seq) return "repeat";
      }
      const transaction = openTransaction(step);
      try {
        await work(transaction.tx);
      } finally {
        transaction.end();
      }
      doubtful.add(place);
      const outcome = await commit(step, transaction.end());
      doubtful.delete(place);
      return outcome;
    },
    ensure: (tx, name) => tx.update(toEnsure(tableName, name, new Date())),
  };
}

/** Undefined: the position is not there yet. */
function outcomeOf(
  stored: StoredPosition | undefined,
  step: ProcessStep,
  attempt: string,
): "processed" | "repeat" | undefined {
  if (stored === undefined || stored.seq < step.seq) return undefined;
  return stored.attempt === attempt ? "processed" : "repeat";
}

function toRefusal(
  step: ProcessStep,
  writes: readonly TransactWriteItem[],
  { index, reason }: { readonly index: number; readonly reason: CancellationReason },
  cause: unknown,
): WriteRefusedError {
  const { Code = "", Message = "", Item: item } = reason;
  return new WriteRefusedError(step, { index, write: writes[index] ?? {}, code: Code, reason: Message, item }, cause);
}

/** By name, because a program may hold several copies of the SDK. */
function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function reasonsOf(error: unknown): readonly CancellationReason[] {
  return (error as { readonly CancellationReasons?: CancellationReason[] }).CancellationReasons ?? [];
}

function raise(error: unknown): never {
  throw error;
}
