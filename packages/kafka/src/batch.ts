/** How much one produce request carries at most. A single larger message still goes, alone. */
export interface BatchBounds {
  maxBatchBytes: number;
  maxBatchCount: number;
}

/** Takes from the front of `queue` what fits in one batch; at least one item if there is any. */
export function takeBatch<T extends { sizeBytes: number }>(queue: T[], bounds: BatchBounds): T[] {
  let count = 0;
  let sizeBytes = 0;
  for (const item of queue) {
    sizeBytes += item.sizeBytes;
    if (count > 0 && (sizeBytes > bounds.maxBatchBytes || count >= bounds.maxBatchCount)) break;
    count++;
  }
  return queue.splice(0, count);
}

/** Cuts a batch that was refused as too large in two, in order. */
export function halve<T>(batch: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}
