import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { EngineStartError } from "../errors.ts";
import type { FromSupervisor, ToSupervisor } from "./protocol.ts";

export interface ProcessSpec {
  /** Used in messages: `kafka-1`. */
  name: string;
  command: string;
  args: string[];
  cwd: string;
  logFile: string;
  /** Set beside this program's own environment. */
  env?: Record<string, string>;
  /** What ends the process gently, and always comes before SIGKILL at the end. Default SIGTERM, where data is kept. */
  endSignal?: NodeJS.Signals;
}

/** One running engine process. */
export interface EngineProcess {
  readonly pid: number;
  /** Settles, never rejects, once the process is gone; says how it ended. */
  readonly exited: Promise<string>;
  /** How the process ended, or undefined while it runs. */
  readonly ending: string | undefined;
  signal(signal: NodeJS.Signals): void;
}

/** Starts processes that end with this program, however it ends. */
export interface Supervisor {
  readonly pid: number;
  start(spec: ProcessSpec): Promise<EngineProcess>;
  /** Lets the folder stay at the end, so that its logs can be read. */
  keepFolder(): void;
  /** Ends what still runs, removes the folder and resolves when all of it is done. */
  close(): Promise<void>;
}

interface Tracked {
  process: EngineProcess & { ending: string | undefined };
  started: PromiseWithResolvers<EngineProcess>;
  exited: PromiseWithResolvers<string>;
}

/** `graceMs` is what engines get between SIGTERM and SIGKILL at the end; `removeFolder` is deleted then. */
export async function startSupervisor(options: {
  graceMs: number;
  workFolder: string;
  removeFolder: string | undefined;
}): Promise<Supervisor> {
  const child = forkSupervisor(options);
  const tracked = new Map<number, Tracked>();
  const ready = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  let nextId = 1;

  const tell = (message: ToSupervisor): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  const settle = (entry: Tracked, ending: string): void => {
    entry.process.ending = ending;
    entry.started.reject(new EngineStartError(`The process ${ending}.`));
    entry.exited.resolve(ending);
  };

  child.on("message", (message: FromSupervisor) => {
    if (message.type === "ready") return ready.resolve();
    const entry = tracked.get(message.id);
    if (entry === undefined) return;
    if (message.type === "started") {
      Object.assign(entry.process, { pid: message.pid });
      entry.started.resolve(entry.process);
    } else if (message.type === "refused") settle(entry, `could not be started: ${message.reason}`);
    else settle(entry, message.signal === null ? `ended with code ${message.code}` : `ended by ${message.signal}`);
  });
  const lost = (): void => {
    // The engines are in the supervisor's process group. If it was killed itself, they go with it.
    if (child.pid !== undefined) killGroup(child.pid);
    ready.reject(new EngineStartError("The supervisor of the engines could not be started."));
    for (const entry of tracked.values()) settle(entry, "went away with its supervisor");
    gone.resolve();
  };
  child.once("exit", lost);
  child.once("error", lost);
  await ready.promise;

  return {
    pid: child.pid ?? 0,
    start(spec) {
      const id = nextId++;
      const exited = Promise.withResolvers<string>();
      const started = Promise.withResolvers<EngineProcess>();
      const process = {
        pid: 0,
        exited: exited.promise,
        ending: undefined,
        signal: (signal: NodeJS.Signals) => tell({ type: "signal", id, signal }),
      };
      const entry: Tracked = { process, started, exited };
      tracked.set(id, entry);
      if (!child.connected) settle(entry, "was not started, because the stack is closed");
      const { command, args, cwd, logFile, env, endSignal } = spec;
      tell({ type: "start", id, command, args, cwd, logFile, ...(env && { env }), ...(endSignal && { endSignal }) });
      return started.promise;
    },
    keepFolder: () => tell({ type: "keepFolder" }),
    async close() {
      if (child.connected) child.disconnect();
      await gone.promise;
    },
  };
}

function forkSupervisor(options: {
  graceMs: number;
  workFolder: string;
  removeFolder: string | undefined;
}): ChildProcess {
  const log = openSync(join(options.workFolder, "supervisor.log"), "a");
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = fork(
    join(import.meta.dirname, "supervisor-process.ts"),
    [String(options.graceMs), options.removeFolder ?? ""],
    { detached: true, execArgv: [], env, stdio: ["ignore", log, log, "ipc"] },
  );
  closeSync(log);
  return child;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in the group, which is what was wanted.
  }
}
