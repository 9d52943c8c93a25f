export { TransactionEndedError } from "../transaction-ended-error.ts";
export { type DynamodbPositionsOptions, dynamodbPositions } from "./dynamodb-positions.ts";
export { ensurePositionsTable } from "./ensure-positions-table.ts";
export { PositionsTableError, type RefusedWrite, TooManyWritesError, WriteRefusedError } from "./errors.ts";
export type { DynamodbTx } from "./transaction.ts";
