import { BatchWriteItemCommand, type WriteRequest } from "@aws-sdk/client-dynamodb";
import { backOff } from "./backoff.ts";
import { entryKey } from "./keys.ts";
import { reaching, storeUnavailable } from "./store-error.ts";
import { countWrite, type TableAccess } from "./table-access.ts";

const MAX_WRITES = 25;
const MAX_ATTEMPTS = 8;

/** Repeatable: an entry that is gone already is no error. Stopped half-way, it has deleted some. */
export async function deleteEntries(table: TableAccess, roomId: string, seqs: readonly number[]): Promise<void> {
  const distinct = [...new Set(seqs)];
  for (let start = 0; start < distinct.length; start += MAX_WRITES)
    await deleteBatch(table, roomId, distinct.slice(start, start + MAX_WRITES));
}

async function deleteBatch(table: TableAccess, roomId: string, seqs: readonly number[]): Promise<void> {
  let pending: WriteRequest[] = seqs.map((seq) => ({ DeleteRequest: { Key: entryKey(roomId, seq) } }));
  for (let attempt = 0; pending.length > 0; attempt++) {
    if (attempt === MAX_ATTEMPTS) throw storeUnavailable(new Error(`${pending.length} deletions were never answered`));
    if (attempt > 0) await backOff(attempt);
    const command = new BatchWriteItemCommand({
      RequestItems: { [table.tableName]: pending },
      ReturnConsumedCapacity: "TOTAL",
    });
    const { UnprocessedItems, ConsumedCapacity = [] } = await reaching(table.client.send(command));
    countWrite(table, "delete_entries", ...ConsumedCapacity);
    pending = UnprocessedItems?.[table.tableName] ?? [];
  }
}
