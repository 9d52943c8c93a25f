/** Where rows go: Firehose, or what stands for it. */
export interface DeliveryStream {
  /**
   * Up to 500 rows of together up to 4 MiB. Resolves with the error code of each row, undefined where it was taken, in
   * the order given. Throws when nothing is known of any of them.
   */
  put(rows: readonly Uint8Array[], signal: AbortSignal): Promise<readonly (string | undefined)[]>;
}

/** Firehose's limits of one call, and of one record. */
export const deliveryLimits = { maxRows: 500, maxBytes: 4 * 1024 * 1024, maxRowBytes: 1_000 * 1024 } as const;
