import type { Load, LoadResult } from "./load.ts";

/** What the bench asks of either side. */
export type SideOrders = {
  prepare: (prepare: Prepare) => Promise<void>;
  run: (load: Load) => Promise<LoadResult>;
};

export interface Prepare {
  /** Of the server: the side that goes through it. */
  readonly address: string;
  readonly token: string;
  /** Each has a room of its own. */
  readonly callers: number;
}
