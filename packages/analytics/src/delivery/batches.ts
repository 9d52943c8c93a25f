import { deliveryLimits } from "./delivery-stream.ts";

/** Rows in their order, in as many groups as one call may hold. No row may be larger than a call. */
export function batches<Row extends { readonly bytes: Uint8Array }>(
  rows: readonly Row[],
  { maxRows, maxBytes }: { maxRows: number; maxBytes: number } = deliveryLimits,
): Row[][] {
  const groups: Row[][] = [];
  let group: Row[] = [];
  let sizeBytes = 0;
  for (const row of rows) {
    if (group.length === maxRows || (group.length > 0 && sizeBytes + row.bytes.length > maxBytes)) {
      groups.push(group);
      group = [];
      sizeBytes = 0;
    }
    group.push(row);
    sizeBytes += row.bytes.length;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
