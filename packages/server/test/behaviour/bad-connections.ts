import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { MessageService } from "@maru/protocol";
import { expect, test } from "vitest";
import { type AbusedServer, checkHealth } from "./abused-server.ts";
import { callGrpc, callHttp, pathOf } from "./raw-calls.ts";

const path = pathOf(MessageService.method.sendMessage);
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const settings = "\0\0\0\x04\0\0\0\0\0";

/** What a client says before it falls silent. */
const beginnings: Readonly<Record<string, { readonly at: "grpcAddress" | "httpAddress"; readonly bytes: string }>> = {
  "gRPC, nothing at all": { at: "grpcAddress", bytes: "" },
  "gRPC, half of the preface": { at: "grpcAddress", bytes: preface.slice(0, 9) },
  "gRPC, half of a frame": { at: "grpcAddress", bytes: `${preface}${settings}\0\0\xff\x01` },
  "gRPC, a frame that is none": {
    at: "grpcAddress",
    bytes: `${preface}${settings}\xff\xff\xff\x63\xff\0\0\0\0garbage`,
  },
  "gRPC, HTTP/1.1": { at: "grpcAddress", bytes: "POST / HTTP/1.1\r\nhost: x\r\n\r\n" },
  "HTTP, nothing at all": { at: "httpAddress", bytes: "" },
  "HTTP, half of the headers": { at: "httpAddress", bytes: `POST ${path} HTTP/1.1\r\nhost: x\r\nx-a` },
  "HTTP, headers without end": { at: "httpAddress", bytes: `POST ${path} HTTP/1.1\r\nx-a: ${"a".repeat(100_000)}` },
  "HTTP, what is not HTTP": { at: "httpAddress", bytes: "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" },
  "HTTP, two lengths": {
    at: "httpAddress",
    bytes: `POST ${path} HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n`,
  },
};

export function badConnectionsSuite(server: () => AbusedServer): void {
  const sockets = () => server().metric("nodejs_active_resources", '{type="TCPSocketWrap"}');

  const open = (at: "grpcAddress" | "httpAddress", bytes: string): Promise<Socket> => {
    const [host = "", port] = server().node[at].split(":");
    return new Promise((resolve) => {
      const socket = connect({ host, port: Number(port) });
      socket.on("error", () => {});
      socket.on("connect", () => socket.write(Buffer.from(bytes, "latin1"), () => resolve(socket)));
    });
  };

  test.each(Object.keys(beginnings))(
    "clients that fall silent hold up nobody, and leave nothing when they go: %s",
    async (name) => {
      const { at, bytes } = beginnings[name] ?? { at: "grpcAddress", bytes: "" };
      const before = await sockets();
      const silent = await Promise.all(Array.from({ length: 30 }, () => open(at, bytes)));
      expect(await checkHealth(server().client)).toBe("SERVING");
      expect((await server().maru.rooms.get({ roomId: server().roomId })).room).toBeDefined();
      for (const socket of silent) socket.destroy();
      // The server's own connections come and go meanwhile; the silent ones are 30.
      await expect.poll(sockets, { timeout: 20_000 }).toBeLessThan(before + 10);
    },
  );

  test.each([
    ["a length", "content-length: 1000\r\n\r\n"],
    ["chunks", 'transfer-encoding: chunked\r\n\r\n5\r\n{"roo'],
  ])(
    "a request over HTTP whose body, told by %s, never comes is answered at the deadline, and its connection ends",
    async (_how, rest) => {
      const { authorization } = server().authorization;
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: ${authorization}\r\n`;
      const socket = await open("httpAddress", head + rest);
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk;
      });
      await expect.poll(() => answer, { timeout: 20_000 }).toContain("deadline_exceeded");
      expect(answer).toMatch(/^HTTP\/1\.1 504 /);
      await expect.poll(() => socket.readyState, { timeout: 20_000 }).not.toBe("open");
    },
  );

  test.each([path, "/grpc.health.v1.Health/Check"])(
    "streams to %s that carry no message are answered at the deadline",
    async (at) => {
      const session = connectHttp2(`http://${server().node.grpcAddress}`);
      const headers = { ":method": "POST", ":path": at, "content-type": "application/grpc", te: "trailers" };
      const statuses = Array.from({ length: 50 }, () => {
        const stream = session.request({ ...headers, ...server().authorization });
        stream.on("error", () => {});
        stream.resume();
        return new Promise((resolve) => {
          stream.on(
            "response",
            (answered) => answered["grpc-status"] !== undefined && resolve(answered["grpc-status"]),
          );
          stream.on("trailers", (answered) => resolve(answered["grpc-status"]));
        });
      });
      expect(new Set(await Promise.all(statuses))).toEqual(new Set(["4"]));
      session.destroy();
    },
  );

  test("streams that are opened and reset at once, again and again, leave nothing", async () => {
    const session = connectHttp2(`http://${server().node.grpcAddress}`);
    session.on("error", () => {});
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    for (let n = 0; n < 500 && !session.destroyed; n++) {
      const stream = session.request({ ...headers, ...server().authorization });
      stream.on("error", () => {});
      stream.close(8);
    }
    await expect.poll(() => server().metric("maru_rpc_calls_in_flight"), { timeout: 20_000 }).toBe(0);
    session.destroy();
  });

  test("memory goes back after requests that are too large or cannot be read", async () => {
    const { client, node, authorization: headers } = server();
    const tooLarge = Buffer.alloc(1_500_000, 0x0a);
    const unreadable = Buffer.alloc(900_000, 0xa3);
    const round = async () => {
      for (let n = 0; n < 10; n++) {
        await Promise.all(
          [tooLarge, unreadable].flatMap((body) => [
            callGrpc(client, path, [body], headers),
            callHttp(node.httpAddress, path, { headers, contentType: "application/proto", body }).catch(
              () => undefined,
            ),
          ]),
        );
      }
      return server().metric("process_resident_memory_bytes");
    };
    const first = await round();
    for (let n = 0; n < 3; n++) await round();
    // Four rounds carry 190 MB; what is kept of them would show.
    expect(await round()).toBeLessThan(first + 120_000_000);
  });
}
