import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** What one operation cost, as the table said or, where it refused and says nothing, as we reckon. */
export interface Consumed {
  readonly operation: string;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** The table refused the write, and took its price. */
  readonly refused: boolean;
}

/** What every function of the store gets. */
export interface TableAccess {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly onConsumed: (consumed: Consumed) => void;
}

type Capacity = { CapacityUnits?: number | undefined } | undefined;

export function countWrite(table: TableAccess, operation: string, ...capacities: Capacity[]): void {
  table.onConsumed({ operation, writeUnits: sum(capacities), readUnits: 0, refused: false });
}

export function countRefusedWrite(table: TableAccess, operation: string, writeUnits: number): void {
  table.onConsumed({ operation, writeUnits, readUnits: 0, refused: true });
}

export function countRead(table: TableAccess, operation: string, ...capacities: Capacity[]): void {
  table.onConsumed({ operation, writeUnits: 0, readUnits: sum(capacities), refused: false });
}

function sum(capacities: readonly Capacity[]): number {
  return capacities.reduce((total, capacity) => total + (capacity?.CapacityUnits ?? 0), 0);
}
