import type { AttributeValue, CancellationReason } from "@aws-sdk/client-dynamodb";

/**
 * Why a transaction was cancelled. `position`: the room's position is there already. `refused`: a write of the handler
 * cannot be done. `again`: it met another transaction, or the table is busy.
 */
export type Cancellation =
  | { readonly kind: "position"; readonly item: Record<string, AttributeValue> | undefined }
  | { readonly kind: "refused"; readonly index: number; readonly reason: CancellationReason }
  | { readonly kind: "again" };

const TRANSIENT = new Set(["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);

/** The first reason is the position's. A refusal counts only where nothing else was in the way. */
export function toCancellation([position, ...others]: readonly CancellationReason[]): Cancellation {
  if (position?.Code === "ConditionalCheckFailed") return { kind: "position", item: position.Item };
  if ([position, ...others].some((reason) => TRANSIENT.has(reason?.Code ?? ""))) return { kind: "again" };
  const index = others.findIndex(({ Code = "None" }) => Code !== "None");
  const reason = others[index];
  return reason === undefined ? { kind: "again" } : { kind: "refused", index, reason };
}
