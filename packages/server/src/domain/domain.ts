import type { Log } from "./log/log.ts";
import type { Store } from "./store.ts";

export interface DomainLimits {
  readonly maxTextBytes: number;
  readonly defaultPageSize: number;
}

/** What the verbs use. */
export interface Domain {
  readonly store: Store;
  readonly log: Log;
  readonly limits: DomainLimits;
}
