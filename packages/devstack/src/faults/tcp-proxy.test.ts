import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ChunkOrigin, startTcpProxy } from "./tcp-proxy.ts";

let echo: Server;
let target: string;

beforeAll(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => undefined).pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  target = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
});
afterAll(() => void echo.close());

function ask(port: number, question: string): Promise<string> {
  const socket = createConnection({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.end(question);
  return text(socket);
}

test("bytes pass unchanged, also many and slowed down", async () => {
  await using proxy = await startTcpProxy({ target });
  const long = "0123456789".repeat(100_000);
  expect(await ask(proxy.port, long)).toBe(long);
  proxy.delayMs = 5;
  expect(await ask(proxy.port, "slow")).toBe("slow");
});

test("the hook sees both directions and changes what the client gets", async () => {
  const seen: (ChunkOrigin & { text: string })[] = [];
  await using proxy = await startTcpProxy({
    target,
    onChunk(chunk, origin) {
      seen.push({ ...origin, text: chunk.toString() });
      return origin.from === "upstream" ? Buffer.from("changed") : chunk;
    },
  });
  expect(await ask(proxy.port, "asked")).toBe("changed");
  expect(seen).toEqual([
    { from: "client", connection: 1, text: "asked" },
    { from: "upstream", connection: 1, text: "asked" },
  ]);
});

test("a hook that throws resets the connection, and closing the proxy tells its error", async () => {
  const proxy = await startTcpProxy({
    target,
    onChunk() {
      throw new Error("from the hook");
    },
  });
  await expect(ask(proxy.port, "asked")).rejects.toThrow("ECONNRESET");
  await expect(proxy.close()).rejects.toThrow("from the hook");
});

test("cut resets what is open and what comes, until resume", async () => {
  await using proxy = await startTcpProxy({ target });
  const open = createConnection({ host: "127.0.0.1", port: proxy.port });
  open.write("hello");
  await once(open, "data");
  const reset = once(open, "error");
  proxy.cut();
  expect(String(await reset)).toContain("ECONNRESET");
  await expect(ask(proxy.port, "refused")).rejects.toThrow();
  proxy.resume();
  expect(await ask(proxy.port, "back")).toBe("back");
});

test("a server that is not there looks like a reset connection", async () => {
  await using proxy = await startTcpProxy({ target: "127.0.0.1:9" });
  await expect(ask(proxy.port, "anyone")).rejects.toThrow();
});

test("a target without a port is refused", async () => {
  await expect(startTcpProxy({ target: "localhost" })).rejects.toThrow('host:port, not "localhost"');
});
