import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { toRefusal } from "./answer-errors.ts";
import type { CallDeps } from "./calls.ts";
import type { PageFile } from "./page-files.ts";
import { Refusal } from "./refusal.ts";
import { route } from "./route.ts";

export interface ListenOptions extends CallDeps {
  readonly files: ReadonlyMap<string, PageFile>;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A backend that serves the page and answers its calls. */
export interface Backend extends AsyncDisposable {
  /** `http://127.0.0.1:8090` */
  readonly url: string;
  close(): Promise<void>;
}

const maxBodyBytes = 64 * 1024;

export async function listen(options: ListenOptions): Promise<Backend> {
  const policy = `default-src 'self'; connect-src 'self' ${new URL(options.gatewayUrl).origin}; base-uri 'none'; form-action 'none'`;
  const server = createServer((request, response) => {
    answer(options, request).then(
      ({ status, type, bytes }) => {
        response.writeHead(status, {
          "content-type": type,
          "content-security-policy": policy,
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
        });
        response.end(request.method === "HEAD" ? undefined : bytes);
      },
      () => response.destroy(),
    );
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const { port } = server.address() as AddressInfo;
  return { url: `http://${options.host}:${port}`, close, [Symbol.asyncDispose]: close };
}

interface Answer extends PageFile {
  readonly status: number;
}

async function answer(options: ListenOptions, request: IncomingMessage): Promise<Answer> {
  const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://page");
  try {
    if (path === "/readyz") return json(200, { ready: true });
    const file = options.files.get(path);
    if (file !== undefined) return { status: 200, ...file };
    const call = { path, query, method: request.method ?? "", authorization: request.headers.authorization };
    if (!path.startsWith("/api/")) throw new Refusal(404, "NOT_FOUND", "there is no such page");
    return json(200, await route(options, { ...call, body: await readBody(request) }));
  } catch (error) {
    const { status, reason, message } = toRefusal(error);
    return json(status, { reason, message });
  }
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", bytes: Buffer.from(JSON.stringify(value)) };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBodyBytes) throw new Refusal(413, "REQUEST_TOO_LARGE", `at most ${maxBodyBytes} bytes are read`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
