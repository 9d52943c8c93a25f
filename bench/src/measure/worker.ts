import { type ChildProcess, fork } from "node:child_process";

/** What a worker process can be asked to do, each order with at most one input. Inputs and answers are plain data. */
export type Orders = Record<string, (input: never) => unknown>;

/** A process of its own that carries out orders, one at a time. It ends when it is disposed of, or with this process. */
export interface Worker<O extends Orders> extends AsyncDisposable {
  readonly pid: number;
  ask<Name extends keyof O>(order: Name, ...input: Parameters<O[Name]>): Promise<Awaited<ReturnType<O[Name]>>>;
}

/** Flags of every process that is measured: those of the server's image, and those for a profile if one is wanted. */
export const nodeFlags = ["--max-semi-space-size=16", ...profileFlags(process.env.BENCH_CPU_PROFILE_DIR)];

function profileFlags(folder: string | undefined): string[] {
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
}

interface Answer {
  readonly value?: unknown;
  readonly failure?: string;
}

/** Runs a file that calls `carryOut`. */
export function startWorker<O extends Orders>(file: string, env: Record<string, string> = {}): Worker<O> {
  const child = fork(file, { execArgv: nodeFlags, env: { ...process.env, ...env } });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    ask: async (order, ...input) => (await ask(child, { order, input: input[0] })) as never,
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

function ask(child: ChildProcess, message: { order: unknown; input: unknown }): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(error);
    const onExit = (code: number | null) => fail(new Error(`a process of the bench ended early (${code})`));
    child.once("exit", onExit);
    child.once("message", ({ value, failure }: Answer) => {
      child.off("exit", onExit);
      if (failure === undefined) resolve(value);
      else fail(new Error(failure));
    });
    child.send(message, (error) => error && fail(error));
  });
}

/** In the worker's file: carries out what is ordered until the process that started it lets go of it. */
export function carryOut<O extends Orders>(orders: O): void {
  process.on("message", async ({ order, input }: { order: string; input: unknown }) => {
    process.send?.(await attempt(async () => orders[order]?.(input as never)));
  });
  process.once("disconnect", () => process.exit());
}

async function attempt(work: () => unknown): Promise<Answer> {
  try {
    return { value: await work() };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** CPU time of this process until now, in microseconds: all its threads, user and system. */
export function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
