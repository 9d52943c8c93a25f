import { setTimeout as sleep } from "node:timers/promises";
import { BatchWriteItemCommand, type WriteRequest } from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { itemWriteUnits } from "@maru/server/store/item-size.ts";
import type { Target } from "./connect-target.ts";
import type { WriteBudget } from "./write-budget.ts";

/** Puts items in batches, one batch after the other, in the order in which they came. */
export interface BatchWriter {
  put(item: AttributeMap): Promise<void>;
  /** In a batch behind everything that was put so far. */
  putBehind(item: AttributeMap): void;
  flush(): Promise<void>;
}

export const batchItems = 25;
const maxPauseMs = 5_000;

export function createBatchWriter(target: Target, budget: WriteBudget, signal?: AbortSignal): BatchWriter {
  let waiting: AttributeMap[] = [];
  let behind: AttributeMap[] = [];
  async function flush(): Promise<void> {
    while (waiting.length > 0) await flushOne();
  }
  async function flushOne(): Promise<void> {
    const items = waiting.slice(0, batchItems);
    waiting = [...waiting.slice(batchItems), ...behind];
    behind = [];
    await budget.take(
      items.reduce((sum, item) => sum + unitsOf(item), 0),
      signal,
    );
    await writeBatch(
      target,
      items.map((Item) => ({ PutRequest: { Item } })),
      signal,
    );
  }
  return {
    async put(item) {
      waiting.push(item);
      if (waiting.length >= batchItems) await flushOne();
    },
    putBehind(item) {
      (waiting.length === 0 ? waiting : behind).push(item);
    },
    flush,
  };
}

/** The index takes one more for what it lists. */
export function unitsOf(item: AttributeMap): number {
  return itemWriteUnits(item) + (item.owner === undefined ? 0 : 1);
}

/** Until the table has taken all of it. */
export async function writeBatch(target: Target, requests: WriteRequest[], signal?: AbortSignal): Promise<void> {
  let left = requests;
  for (let tries = 0; left.length > 0; tries++) {
    if (tries > 0) await sleep(Math.random() * Math.min(maxPauseMs, 50 * 2 ** tries), undefined, signal && { signal });
    const command = new BatchWriteItemCommand({ RequestItems: { [target.table]: left } });
    const { UnprocessedItems } = await target.client.send(command, { abortSignal: signal });
    left = UnprocessedItems?.[target.table] ?? [];
  }
}
