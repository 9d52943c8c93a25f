import type { Load, LoadResult } from "../send/load.ts";

/** Messages of a page, on every side. */
export const pageSize = 50;

/** What the bench asks of each side. */
export type PageOrders = {
  prepare: (prepare: Prepare) => Promise<void>;
  run: (load: Load) => Promise<LoadResult>;
};

export interface Prepare {
  /** Of the server: the sides that go through one. */
  readonly address: string;
  readonly token: string;
  /** One for each caller. */
  readonly roomIds: readonly string[];
}
