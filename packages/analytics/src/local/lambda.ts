import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface LambdaOptions {
  /** The unpacked function: its code and what lies beside it. */
  readonly taskRoot: string;
  /** `index.handler` */
  readonly handler: string;
  /** The program that starts AWS's runtime client, which is given the handler's name. */
  readonly runtimeClient: readonly [command: string, ...args: string[]];
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput?: (text: string) => void;
}

/** A function that runs as it does in Lambda: one instance, one call at a time, started with the first call. */
export interface Lambda extends AsyncDisposable {
  /** Rejects with LambdaError when the function throws, ends or takes longer than its time, and then begins anew. */
  invoke(event: unknown): Promise<unknown>;
}

/** A function error, as Lambda tells one: `errorType: errorMessage`. */
export class LambdaError extends Error {
  override readonly name = "LambdaError";
}

interface Call {
  readonly id: string;
  readonly event: string;
  readonly deadlineMs: number;
  readonly settle: (outcome: { readonly result: unknown } | { readonly error: LambdaError }) => void;
}

/** Runs a packaged function in AWS's own runtime client, over the Runtime API that the client asks for work. */
export async function startLambda(options: LambdaOptions): Promise<Lambda> {
  let waiting: Call | undefined;
  let running: Call | undefined;
  let isAsked: ((call: Call) => void) | undefined;
  let instance: ReturnType<typeof spawn> | undefined;

  const give = (call: Call): void => {
    const ask = isAsked;
    isAsked = undefined;
    if (ask === undefined) waiting = call;
    else ask(call);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error) => response.destroy(error as Error));
  });
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    if (path.endsWith("/invocation/next")) {
      const call = waiting ?? (await new Promise<Call>((resolve) => (isAsked = resolve)));
      waiting = undefined;
      running = call;
      response.writeHead(200, {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": call.id,
        "lambda-runtime-deadline-ms": String(call.deadlineMs),
        "lambda-runtime-invoked-function-arn": "arn:aws:lambda:local:000000000000:function:local",
      });
      return void response.end(call.event);
    }
    const body = JSON.parse((await readAll(request)) || "null");
    response.writeHead(202).end("{}");
    const call = running ?? waiting;
    running = undefined;
    waiting = undefined;
    if (path.endsWith("/response")) return call?.settle({ result: body });
    call?.settle({ error: new LambdaError(`${body?.errorType}: ${body?.errorMessage}`) });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const api = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  function startInstance(): ReturnType<typeof spawn> {
    const [command, ...args] = options.runtimeClient;
    const child = spawn(command, [...args, options.handler], {
      cwd: options.taskRoot,
      env: { PATH: process.env.PATH, ...runtimeEnvironment(options, api), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => options.onOutput?.(String(chunk)));
    child.once("exit", (code, signal) => {
      instance = undefined;
      isAsked = undefined;
      (running ?? waiting)?.settle({ error: new LambdaError(`Runtime.ExitError: it ended with ${signal ?? code}`) });
      running = undefined;
      waiting = undefined;
    });
    return child;
  }

  let last: Promise<unknown> = Promise.resolve();
  return {
    invoke(event) {
      const done = last.then(() => call(event));
      last = done.catch(() => undefined);
      return done;
    },
    async [Symbol.asyncDispose]() {
      await last;
      const ended = instance;
      if (ended !== undefined) {
        const exited = new Promise((resolve) => ended.once("exit", resolve));
        ended.kill("SIGKILL");
        await exited;
      }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  function call(event: unknown): Promise<unknown> {
    instance ??= startInstance();
    const child = instance;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs);
      give({
        id: randomUUID(),
        event: JSON.stringify(event),
        deadlineMs: Date.now() + options.timeoutMs,
        settle(outcome) {
          clearTimeout(timer);
          if ("error" in outcome) reject(outcome.error);
          else resolve(outcome.result);
        },
      });
    });
  }
}

function runtimeEnvironment({ taskRoot, handler, env }: LambdaOptions, api: string): Record<string, string> {
  return {
    AWS_LAMBDA_RUNTIME_API: api,
    LAMBDA_TASK_ROOT: taskRoot,
    _HANDLER: handler,
    AWS_LAMBDA_FUNCTION_NAME: "local",
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
    AWS_LAMBDA_LOG_GROUP_NAME: "local",
    AWS_LAMBDA_LOG_STREAM_NAME: "local",
    AWS_REGION: env.AWS_REGION ?? "us-east-1",
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
