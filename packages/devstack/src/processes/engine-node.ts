import { EngineStartError } from "../errors.ts";
import { waitUntil } from "../wait-until.ts";
import { logTail } from "./log-tail.ts";
import type { EngineProcess, ProcessSpec, Supervisor } from "./supervisor.ts";

const STOP_TIMEOUT_MS = 15_000;
const START_TIMEOUT_MS = 60_000;

/** One node of an engine, which can be stopped, killed and started again at the same address with the same data. */
export interface NodeHandle {
  /** 1 for the first node of its engine; for Kafka also the broker's id. */
  readonly id: number;
  /** `kafka-1`, `redis-3`, `dynamodb`. */
  readonly name: string;
  readonly address: string;
  /** Undefined while the node is down. */
  readonly pid: number | undefined;
  readonly logFile: string;
  /** Starts the process; resolves when it runs, which is long before it is healthy. Nothing happens if it runs already. */
  start(): Promise<void>;
  /** Resolves when the node serves again as a full member of its cluster; throws EngineStartError if it does not come to that. */
  waitUntilHealthy(timeoutMs?: number): Promise<void>;
  /** Settles when the process that runs now is gone, and says how it ended. */
  readonly exited: Promise<string>;
  /** SIGTERM (SIGINT to PostgreSQL), and SIGKILL if that takes longer than 15 s; resolves when the process is gone, and says which it was. */
  stop(): Promise<"stopped" | "killed">;
  /** Sends a signal (default SIGKILL). Resolves at once for SIGSTOP and SIGCONT, otherwise when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface NodeOptions extends ProcessSpec {
  id: number;
  address: string;
  /** How long the node may take until it is healthy. Default 60 s. */
  startTimeoutMs?: number;
  /** True once the node is a full member. May throw: that counts as "not yet". */
  isHealthy: () => Promise<boolean>;
}

export function engineNode(supervisor: Supervisor, options: NodeOptions): NodeHandle {
  const { id, name, address, logFile } = options;
  let current: EngineProcess | undefined;
  let lastEnding = "was never started";
  const running = (): EngineProcess | undefined => (current?.ending === undefined ? current : undefined);

  const fail = async (what: string): Promise<never> => {
    const tail = await logTail(logFile);
    throw new EngineStartError(`${name} ${what}. The end of its log ${logFile}:\n${tail || "(the log is empty)"}`);
  };

  return {
    id,
    name,
    address,
    logFile,
    get pid() {
      return running()?.pid;
    },
    get exited() {
      return running()?.exited ?? Promise.resolve(lastEnding);
    },
    async start() {
      if (running() !== undefined) return;
      try {
        current = await supervisor.start(options);
      } catch (error) {
        await fail(error instanceof Error ? `did not start: ${error.message}` : String(error));
      }
    },
    async waitUntilHealthy(timeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS) {
      const watched = current;
      const isDown = (): boolean => watched === undefined || watched.ending !== undefined;
      const healthy = await waitUntil(
        async () => {
          if (isDown()) return "down";
          // Asked first and believed only if our own process is still there: somebody else may answer at its address.
          const answer = await options.isHealthy().catch(() => false);
          return answer && !isDown() ? "healthy" : undefined;
        },
        { timeoutMs, describe: () => "" },
      ).catch(() => "silent" as const);
      if (healthy === "down") await fail(watched?.ending ?? lastEnding);
      if (healthy === "silent") await fail(`was not healthy within ${timeoutMs} ms`);
    },
    async stop() {
      const process = running();
      if (process === undefined) return "stopped";
      let outcome: "stopped" | "killed" = "stopped";
      const timer = setTimeout(() => {
        outcome = "killed";
        process.signal("SIGKILL");
      }, STOP_TIMEOUT_MS);
      process.signal(options.endSignal ?? "SIGTERM");
      lastEnding = await process.exited;
      clearTimeout(timer);
      return outcome;
    },
    async kill(signal = "SIGKILL") {
      const process = running();
      if (process === undefined) return;
      process.signal(signal);
      if (signal !== "SIGSTOP" && signal !== "SIGCONT") lastEnding = await process.exited;
    },
  };
}

/** Starts the nodes of one engine together. If `join` or one of them fails, none is left running. */
export async function startTogether(nodes: NodeHandle[], join?: () => Promise<void>): Promise<void> {
  try {
    await Promise.all(nodes.map((node) => node.start()));
    await join?.();
    await Promise.all(nodes.map((node) => node.waitUntilHealthy()));
  } catch (error) {
    await Promise.all(nodes.map((node) => node.kill()));
    throw error;
  }
}
