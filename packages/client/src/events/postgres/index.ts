export { TransactionEndedError } from "../transaction-ended-error.ts";
export { RoomLockedError, TransactionLostError } from "./errors.ts";
export type { PgClient, PgClientOf, PgPool, PgResult } from "./pool.ts";
export { positionsTableSql } from "./positions-table-sql.ts";
export { type PostgresPositionsOptions, postgresPositions } from "./postgres-positions.ts";
