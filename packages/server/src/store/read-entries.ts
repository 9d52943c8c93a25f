import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import type { EntryRange, LoggedEntry } from "../domain/store.ts";
import { batchGet } from "./batch-get.ts";
import { fromItem } from "./items.ts";
import { entryKey, entrySortKey, seqRange } from "./keys.ts";
import { queryItems } from "./query-items.ts";
import { reaching } from "./store-error.ts";
import { countRead, type TableAccess } from "./table-access.ts";

export async function readEntries(table: TableAccess, range: EntryRange): Promise<LoggedEntry[]> {
  const seqs = seqRange(range.after, range.before);
  if (seqs === undefined) return [];
  const items = await queryItems(table, "read_entries", {
    roomId: range.roomId,
    first: entrySortKey(seqs.lowest),
    last: entrySortKey(seqs.highest),
    descending: range.newestFirst ?? false,
    limit: range.limit,
  });
  return items.map((item) => fromItem(item));
}

export async function readEntry(table: TableAccess, roomId: string, seq: number): Promise<LoggedEntry | undefined> {
  const command = new GetItemCommand({
    TableName: table.tableName,
    Key: entryKey(roomId, seq),
    ConsistentRead: true,
    ReturnConsumedCapacity: "TOTAL",
  });
  const { Item, ConsumedCapacity } = await reaching(table.client.send(command));
  countRead(table, "read_entry", ConsumedCapacity);
  return Item && fromItem(Item);
}

export async function readEntriesAt(
  table: TableAccess,
  roomId: string,
  seqs: readonly number[],
): Promise<LoggedEntry[]> {
  const keys = [...new Set(seqs)].map((seq) => entryKey(roomId, seq));
  const items = await batchGet(table, "read_entries_at", keys);
  return items.map((item) => fromItem(item)).sort((a, b) => a.entry.seq - b.entry.seq);
}
