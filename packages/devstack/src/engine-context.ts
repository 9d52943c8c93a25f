import type { FetchDeps } from "./engines/fetch-engine.ts";
import type { Supervisor } from "./processes/supervisor.ts";

/** What starting an engine needs. */
export interface EngineContext {
  supervisor: Supervisor;
  /** Each engine makes its own folder in here. */
  folder: string;
  java: string;
  /** Runs one fetch at a time, because Maven's own repository is shared. */
  fetch<T>(work: (deps: FetchDeps) => Promise<T>): Promise<T>;
}
