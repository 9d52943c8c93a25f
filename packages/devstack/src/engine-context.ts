import type { FetchDeps } from "./engines/fetch-engine.ts";
import type { JavaRuntime } from "./engines/tools.ts";
import type { Supervisor } from "./processes/supervisor.ts";

/** What starting an engine needs. */
export interface EngineContext {
  supervisor: Supervisor;
  /** Each engine makes its own folder in here. */
  folder: string;
  /** Runs one preparation at a time, because Maven's own repository is shared. */
  prepare<T>(work: (deps: FetchDeps) => Promise<T>): Promise<T>;
}

/** What starting an engine written in Java needs. */
export interface JvmContext extends EngineContext {
  java: JavaRuntime;
}
