import type { Store } from "../../src/domain/store.ts";
import type { MemoryServer } from "../memory-server.ts";
import type { CaseContext, ReasonName } from "./conformance-case.ts";

export interface OwnedServerOptions {
  readonly settings?: Record<string, string>;
  readonly nowMs?: () => number;
  /** What the server sees of its store. */
  readonly distort?: (store: Store) => Store;
  /** The text of its policy file. */
  readonly policy?: string;
}

export interface OwnedServer extends CaseContext {
  readonly server: MemoryServer;
}

/** What callers cannot bring about by calls: the case has a server of its own, and its store, clock and policy. */
export interface OwnedCase {
  /** A sentence. */
  readonly name: string;
  readonly refuses: readonly ReasonName[];
  /** The server lives as long as the case runs. */
  run(start: (options?: OwnedServerOptions) => Promise<OwnedServer>): Promise<void>;
}
