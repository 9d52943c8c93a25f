import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An error that a caller gets with its code, as AWS's services answer. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A service of AWS as far as it is needed here: what it does by the name of the operation. */
export type Operations = Readonly<Record<string, (input: never) => unknown>>;

export interface AwsJsonServer extends AsyncDisposable {
  readonly endpoint: string;
}

/** Serves operations over AWS's JSON protocol (`X-Amz-Target: Service.Operation`) on a loopback port. Signatures are not checked. */
export async function startAwsJsonServer(operations: Operations, port = 0): Promise<AwsJsonServer> {
  const server = createServer((request, response) => {
    answer(operations, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(operations: Operations, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  try {
    const name =
      String(request.headers["x-amz-target"] ?? "")
        .split(".")
        .at(-1) ?? "";
    const operation = operations[name] as ((input: unknown) => unknown) | undefined;
    if (operation === undefined) throw new AwsError("UnknownOperationException", `${name} is not known here`);
    send(response, 200, (await operation(JSON.parse(body))) ?? {});
  } catch (error) {
    const known = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error));
    send(response, error instanceof AwsError ? 400 : 500, { __type: known.code, message: known.message });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
