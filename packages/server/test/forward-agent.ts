import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { decodeMulti, decodeMultiStream, encode } from "@msgpack/msgpack";
import type { StoredEvent } from "./sink-contract.ts";

/** A receiver of the forward protocol (v1) that keeps what it is sent in memory, and takes nothing that the protocol forbids. */
export interface ForwardAgent extends AsyncDisposable {
  readonly address: string;
  /** In the order in which they were stored, repeats included. */
  readonly events: readonly StoredEvent[];
  readonly chunks: readonly { readonly chunkId: string; readonly tag: string; readonly size: number }[];
  /** What came that the protocol forbids. */
  readonly violations: readonly unknown[];
}

export interface ForwardAgentOptions {
  /** Asks for a shared key first. */
  readonly greets?: boolean;
}

const text = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString("utf8");
const rawStrings = {
  rawStrings: true,
  context: undefined,
  mapKeyConverter: (key: unknown) => (key instanceof Uint8Array ? text(key) : (key as string)),
};

export async function startForwardAgent({ greets = false }: ForwardAgentOptions = {}): Promise<ForwardAgent> {
  const events: StoredEvent[] = [];
  const chunks: ForwardAgent["chunks"][number][] = [];
  const violations: unknown[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    if (greets) socket.write(encode(["HELO", { nonce: "n", auth: "", keepalive: true }]));
    void receive(socket);
  });

  async function receive(socket: Socket): Promise<void> {
    try {
      for await (const message of decodeMultiStream(socket, rawStrings)) socket.write(take(message));
    } catch (error) {
      // A sender that goes away is none.
      if (!socket.destroyed && !socket.readableAborted) violations.push(error);
      socket.destroy();
    }
  }

  function take(message: unknown): Uint8Array {
    const [tag, entries, option] = message as [Uint8Array, Uint8Array, Record<string, unknown>];
    const received = [...decodeMulti(entries, rawStrings)].map(toStored);
    const chunkId = text(option.chunk);
    if (option.size !== received.length) violations.push(`${received.length} entries, but size ${option.size}`);
    if (Buffer.from(chunkId, "base64").byteLength !== 16) violations.push(`chunk id ${chunkId}`);
    events.push(...received);
    chunks.push({ chunkId, tag: text(tag), size: received.length });
    return encode({ ack: chunkId });
  }

  function toStored(entry: unknown): StoredEvent {
    const [time, record] = entry as [{ type: number; data: Uint8Array }, Record<string, Uint8Array>];
    if (time.type !== 0 || time.data.byteLength !== 8) violations.push({ time });
    const headers = record.headers as unknown as Record<string, Uint8Array>;
    return {
      topic: text(record.topic),
      key: text(record.key),
      value: Buffer.from(record.value ?? []),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, text(value)])),
    };
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    events,
    chunks,
    violations,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
