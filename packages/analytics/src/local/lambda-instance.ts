import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { LambdaError } from "./lambda-error.ts";

export interface InstanceOptions {
  /** The program that starts AWS's runtime client, which is given the handler's name. */
  readonly runtimeClient: readonly [command: string, ...args: string[]];
  readonly taskRoot: string;
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput?: (text: string) => void;
}

export interface InstanceCall {
  readonly id: string;
  readonly event: string;
  readonly deadlineMs: number;
}

/** `untaken`: the process ended before it took the call, which another may have. */
export type Outcome = { readonly result: unknown } | { readonly thrown: LambdaError } | "untaken";

/** A process that runs a function, with a Runtime API of its own, so that nothing of one reaches another. */
export interface LambdaInstance {
  /** Resolves when it asks for work; rejects with LambdaError when it cannot be started, or ends before. */
  readonly started: Promise<void>;
  readonly hasEnded: boolean;
  /** Hands it a call; another may follow when this one has settled. Rejects with LambdaError when it ends meanwhile. */
  run(call: InstanceCall): Promise<Outcome>;
  /** Resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Serves a Runtime API on a loopback port, and starts a runtime client that asks it for work. */
export async function startLambdaInstance(options: InstanceOptions): Promise<LambdaInstance> {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  // Whoever waits for it sees it; a process that is killed before is nobody's error.
  started.promise.catch(() => undefined);
  let running: (InstanceCall & PromiseWithResolvers<Outcome> & { isTaken?: boolean }) | undefined;
  let asking: ServerResponse | undefined;
  let hasEnded = false;

  function end(error: LambdaError): void {
    if (hasEnded) return;
    hasEnded = true;
    started.reject(error);
    if (running?.isTaken) running.reject(error);
    else running?.resolve("untaken");
    server.close();
    server.closeAllConnections();
    ended.resolve();
  }

  function giveWork(): void {
    if (asking === undefined || running === undefined) return;
    running.isTaken = true;
    asking.writeHead(200, {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": running.id,
      "lambda-runtime-deadline-ms": String(running.deadlineMs),
      "lambda-runtime-invoked-function-arn": "arn:aws:lambda:local:000000000000:function:local",
    });
    asking.end(running.event);
    asking = undefined;
  }

  function onNext(response: ServerResponse): void {
    asking = response;
    // Nobody asks any more: it died while it was idle.
    response.once("close", () => {
      if (asking === response) asking = undefined;
    });
    started.resolve();
    giveWork();
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, id, what] = /^\/2018-06-01\/runtime\/(?:invocation\/)?([^/]+)(?:\/(\w+))?$/.exec(request.url ?? "") ?? [];
    if (id === "next") return onNext(response);
    const body = await text(request);
    if (id === "init" && what === "error") started.reject(toLambdaError(body));
    else if (running === undefined || id !== running.id) return void response.writeHead(400).end("{}");
    else {
      running.resolve(what === "response" ? { result: JSON.parse(body) } : { thrown: toLambdaError(body) });
      running = undefined;
    }
    response.writeHead(202).end("{}");
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const child = startProcess(options, `127.0.0.1:${(server.address() as AddressInfo).port}`);
  child.once("error", (error) => end(new LambdaError("Runtime.InvalidEntrypoint", error.message)));
  // Not when it exits: its last words come after that.
  child.once("close", (code, signal) =>
    end(new LambdaError("Runtime.ExitError", `the runtime exited with ${signal ?? `status ${code}`}`)),
  );
  return {
    started: started.promise,
    get hasEnded() {
      return hasEnded;
    },
    run(call) {
      if (hasEnded) return Promise.resolve("untaken");
      running = { ...call, ...Promise.withResolvers<Outcome>() };
      const { promise } = running;
      giveWork();
      return promise;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended.promise;
    },
  };
}

function startProcess({ runtimeClient, taskRoot, handler, env, onOutput }: InstanceOptions, api: string): ChildProcess {
  const [command, ...args] = runtimeClient;
  const child = spawn(command, [...args, handler], {
    cwd: taskRoot,
    env: {
      PATH: process.env.PATH,
      TZ: "UTC",
      AWS_LAMBDA_RUNTIME_API: api,
      LAMBDA_TASK_ROOT: taskRoot,
      _HANDLER: handler,
      AWS_LAMBDA_FUNCTION_NAME: "local",
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
      AWS_LAMBDA_LOG_GROUP_NAME: "local",
      AWS_LAMBDA_LOG_STREAM_NAME: "local",
      AWS_REGION: "us-east-1",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => onOutput?.(chunk));
  return child;
}

function toLambdaError(body: string): LambdaError {
  const { errorType, errorMessage } = JSON.parse(body) as { errorType?: string; errorMessage?: string };
  return new LambdaError(errorType ?? "Error", errorMessage ?? "");
}
