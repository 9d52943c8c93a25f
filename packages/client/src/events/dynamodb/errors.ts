import type { AttributeValue, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import type { ProcessStep } from "../position-store.ts";

/** A handler added more writes than DynamoDB takes in one transaction. Nothing is stored. */
export class TooManyWritesError extends Error {
  override readonly name = "TooManyWritesError";
  readonly roomId: string;
  /** Number of the entry that was handled. */
  readonly seq: number;
  /** How many writes a handler may add. */
  readonly limit: number;

  /** Made by the store. */
  constructor({ roomId, seq }: ProcessStep, limit: number) {
    super(
      `the handler of entry ${seq} of room ${roomId} wrote more than ${limit} items: DynamoDB stores at most 100 together, and the position is one`,
    );
    this.roomId = roomId;
    this.seq = seq;
    this.limit = limit;
  }
}

/** One write that DynamoDB refused, in the words of TransactWriteItems. */
export interface RefusedWrite {
  /** Which of the handler's writes, from 0 on, in the order in which they were added. */
  readonly index: number;
  readonly write: TransactWriteItem;
  /** `ConditionalCheckFailed` when the write's own condition does not hold; DynamoDB documents the others. */
  readonly code: string;
  /** What DynamoDB says of it. */
  readonly reason: string;
  /** The item as it is, where a condition failed and there is one. */
  readonly item: Record<string, AttributeValue> | undefined;
}

/**
 * DynamoDB refused a write of a handler, because its condition does not hold or it cannot be done, so that neither the
 * handler's writes nor the position are stored. The handler is called again as after any other error: let it read what its
 * condition is about, and write something else when it cannot hold (a refusal instead of a payment).
 */
export class WriteRefusedError extends Error implements RefusedWrite {
  override readonly name = "WriteRefusedError";
  readonly roomId: string;
  /** Number of the entry that was handled. */
  readonly seq: number;
  readonly index: number;
  readonly write: TransactWriteItem;
  /** `Put`, `Update`, `Delete` or `ConditionCheck`. */
  readonly operation: string;
  /** The table that was written to. */
  readonly tableName: string;
  readonly code: string;
  readonly reason: string;
  readonly item: Record<string, AttributeValue> | undefined;

  /** Made by the store. */
  constructor({ roomId, seq }: ProcessStep, refused: RefusedWrite, cause: unknown) {
    const { index, write, code, reason, item } = refused;
    const [operation = "write", { TableName: tableName = "" } = {}] = Object.entries(write)[0] ?? [];
    super(
      `write ${index} of the handler of entry ${seq} of room ${roomId}, ${operation} in ${tableName}, was refused: ${code}, ${reason}`,
      { cause },
    );
    this.roomId = roomId;
    this.seq = seq;
    this.index = index;
    this.write = write;
    this.operation = operation;
    this.tableName = tableName;
    this.code = code;
    this.reason = reason;
    this.item = item;
  }
}

/** The table of the positions is there, and has other keys. */
export class PositionsTableError extends Error {
  override readonly name = "PositionsTableError";
  readonly tableName: string;

  /** Made by `ensurePositionsTable`. */
  constructor(tableName: string, found: string, wanted: string) {
    super(`the table ${tableName} is no table of positions: its keys are ${found}, not ${wanted}; choose another name`);
    this.tableName = tableName;
  }
}
