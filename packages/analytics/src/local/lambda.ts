import { randomUUID } from "node:crypto";
import { LambdaError } from "./lambda-error.ts";
import { type InstanceOptions, type LambdaInstance, startLambdaInstance } from "./lambda-instance.ts";

export interface LambdaOptions extends InstanceOptions {
  /** The unpacked function: its code and what lies beside it. */
  readonly taskRoot: string;
  /** `dist/flatten/index.handler` */
  readonly handler: string;
  /** What the function finds in its environment beside what Lambda says of it. */
  readonly env: Readonly<Record<string, string>>;
  /** Of one call, from when the function has it. */
  readonly timeoutMs: number;
  /** Until an instance asks for its first call. Default 30 s: Lambda gives 10 s, on a machine of its own. */
  readonly startTimeoutMs?: number;
}

/** A function that runs as it does in Lambda: one instance, one call at a time, started with the first call. */
export interface Lambda extends AsyncDisposable {
  /**
   * Rejects with LambdaError when the function throws. When it does not start, ends or takes longer than its time too, and
   * then its process is gone before the next call, which begins anew.
   */
  invoke(event: unknown): Promise<unknown>;
}

/** Runs a packaged function in AWS's own runtime client. */
export function startLambda(options: LambdaOptions): Lambda {
  const { timeoutMs, startTimeoutMs = 30_000 } = options;
  let instance: LambdaInstance | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isDisposed = false;

  async function open(): Promise<LambdaInstance> {
    if (instance !== undefined && !instance.hasEnded) return instance;
    instance = await startLambdaInstance(options);
    await inTime(instance, instance.started, startTimeoutMs, "it did not ask for work within");
    return instance;
  }

  async function call(event: unknown): Promise<unknown> {
    const current = await open();
    const taken = { id: randomUUID(), event: JSON.stringify(event), deadlineMs: Date.now() + timeoutMs };
    const outcome = await inTime(current, current.run(taken), timeoutMs, "Task timed out after");
    if (outcome === "untaken") return call(event);
    if ("thrown" in outcome) throw outcome.thrown;
    return outcome.result;
  }

  return {
    invoke(event) {
      if (isDisposed) return Promise.reject(new Error("the function was stopped"));
      const done = last.then(() => call(event));
      last = done.catch(() => undefined);
      return done;
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      await last;
      await instance?.kill();
    },
  };
}

/** Waits for an instance, which is gone where it fails or takes longer. */
async function inTime<T>(instance: LambdaInstance, work: Promise<T>, ms: number, late: string): Promise<T> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => over.reject(new LambdaError("Sandbox.Timedout", `${late} ${(ms / 1000).toFixed(2)} seconds`)),
    ms,
  );
  try {
    return await Promise.race([work, over.promise]);
  } catch (error) {
    await instance.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
