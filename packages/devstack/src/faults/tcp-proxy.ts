import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { StackOptionsError } from "../errors.ts";

/** Where a chunk of bytes comes from. */
export interface ChunkOrigin {
  from: "client" | "upstream";
  /** 1 for the first connection that the proxy took, and so on: a hook that keeps state keeps it for each. */
  connection: number;
}

export interface TcpProxyOptions {
  /** `host:port` of the real server. */
  target: string;
  /** Sees all bytes in both directions, in order, and returns what is to be passed on instead (an empty buffer: nothing). */
  onChunk?: (chunk: Buffer, origin: ChunkOrigin) => Buffer;
}

/** A TCP server on a free loopback port in front of another, which can be slow, cut or altered. */
export interface TcpProxy extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Every chunk waits this long, in both directions; may be changed at any time. */
  delayMs: number;
  /** Resets all connections, and every new one until `resume`. */
  cut(): void;
  resume(): void;
  /** Rejects with the first error that `onChunk` threw; the connection was reset then. */
  close(): Promise<void>;
}

export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const target = parseTarget(options.target);
  const sockets = new Set<Socket>();
  let connections = 0;
  let isCut = false;
  let hookError: unknown;

  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  };
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const transform = (chunk: Buffer, origin: ChunkOrigin): Buffer => {
    try {
      return options.onChunk === undefined ? chunk : options.onChunk(chunk, origin);
    } catch (error) {
      hookError ??= error;
      throw error;
    }
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    track(client);
    if (isCut) return void client.resetAndDestroy();
    const upstream = createConnection({ ...target, allowHalfOpen: true });
    track(upstream);
    const connection = ++connections;
    void pump(client, upstream, { from: "client", connection });
    void pump(upstream, client, { from: "upstream", connection });
  });

  async function pump(source: Socket, destination: Socket, origin: ChunkOrigin): Promise<void> {
    try {
      for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (proxy.delayMs > 0) await sleep(proxy.delayMs);
        const passed = transform(chunk, origin);
        if (passed.length > 0 && !destination.write(passed)) await once(destination, "drain");
      }
      destination.end();
    } catch {
      // One side is gone; a proxy can only tell the other side so.
      source.resetAndDestroy();
      destination.resetAndDestroy();
    }
  }

  server.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy: TcpProxy = {
    address: `127.0.0.1:${port}`,
    port,
    delayMs: 0,
    cut,
    resume() {
      isCut = false;
    },
    async close() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
      if (hookError !== undefined) throw hookError;
    },
    [Symbol.asyncDispose]: () => proxy.close(),
  };
  return proxy;
}

function parseTarget(target: string): { host: string; port: number } {
  const match = /^(.+):(\d+)$/.exec(target);
  if (match === null) throw new StackOptionsError(`A proxy's target is host:port, not "${target}".`);
  return { host: match[1] ?? "", port: Number(match[2]) };
}
