import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ServerInterceptingCall } from "@grpc/grpc-js";
import { generate } from "selfsigned";
import { expect, test } from "vitest";
import { listenGrpc } from "../../src/api/grpc-listener.ts";
import { listenHttp, splitAddress } from "../../src/api/http-listener.ts";

/** The listeners cut clients that fall silent by themselves; here after a moment, in a server after some seconds. */
const patience = { requestMs: 300, checkEveryMs: 50 };
const timeout = 20_000;

function talk(address: string, bytes: string): Socket {
  const socket = connect(splitAddress(address), () => socket.write(Buffer.from(bytes, "latin1")));
  socket.on("error", () => {});
  socket.resume();
  return socket;
}

const listenForGrpc = () =>
  listenGrpc({
    address: "127.0.0.1:0",
    tls: undefined,
    maxRequestBytes: 1_000_000,
    interceptor: (_method, call) => new ServerInterceptingCall(call),
    mountOn: () => {},
    keepalive: { timeMs: 200, timeoutMs: 200 },
  });

test.each(["POST / HTTP/1.1\r\nhost: x\r\nx-a", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc", ""])(
  "an HTTP client that does not end its request is cut: %j",
  async (bytes) => {
    const listener = await listenHttp("127.0.0.1:0", undefined, (request) => void request.resume(), patience);
    const socket = talk(listener.address, bytes);
    await expect.poll(() => socket.destroyed, { timeout }).toBe(true);
    await listener.close(0);
  },
);

test("an HTTP client that does not end its request over TLS, or its handshake, is cut", async () => {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], { keyType: "ec" });
  const files = { cert: Buffer.from(cert), key: Buffer.from(key), clientCa: undefined };
  const listener = await listenHttp("127.0.0.1:0", files, (request) => void request.resume(), patience);
  const secure = connectTls({
    ...splitAddress(listener.address),
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  });
  secure.on("error", () => {});
  secure.on("secureConnect", () => secure.write("POST / HTTP/1.1\r\nhost: x\r\nx-a"));
  secure.resume();
  const silent = talk(listener.address, "");
  await expect.poll(() => secure.destroyed && silent.destroyed, { timeout }).toBe(true);
  await listener.close(0);
});

test.each(["", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\xff\x01"])(
  "a gRPC client that answers no ping is cut: %j",
  async (bytes) => {
    const listener = await listenForGrpc();
    const socket = talk(listener.address, bytes);
    await expect.poll(() => socket.destroyed, { timeout }).toBe(true);
    await listener.close(0);
  },
);

test("a gRPC client that is quiet and answers pings is kept", async () => {
  const listener = await listenForGrpc();
  const session = connectHttp2(`http://${listener.address}`);
  let pings = 0;
  session.on("ping", () => {
    pings++;
  });
  await expect.poll(() => pings, { timeout }).toBeGreaterThan(4);
  expect(session.closed).toBe(false);
  session.destroy();
  await listener.close(0);
});
