import { MessageService, RoomService } from "@maru/protocol";
import { expect, test } from "vitest";
import type { AbusedServer } from "./abused-server.ts";
import { callGrpc, callHttp, pathOf, type RawRequest } from "./raw-calls.ts";
import { callHttp2, grpcFrame } from "./raw-http2.ts";

const path = pathOf(MessageService.method.sendMessage);
const readPath = pathOf(RoomService.method.getRoom);

export function badPathsSuite(server: () => AbusedServer): void {
  const ask = (at: string, request: RawRequest) =>
    callHttp(server().node.httpAddress, at, {
      ...request,
      headers: { ...server().authorization, ...request.headers },
    });

  test.each(["/maru.chat.v1.MessageService/Shout", "/maru.chat.v1.Nothing/SendMessage", "/nonsense", "/a/b/c"])(
    "a call that no service has: %s",
    async (at) => {
      const unknown = { status: "UNIMPLEMENTED", reason: "METHOD_UNKNOWN", metadata: { method: at.slice(1) } };
      expect(await callGrpc(server().client, at, [new Uint8Array()], server().authorization)).toMatchObject(unknown);
      expect(await ask(at, { body: "{}" })).toMatchObject({ ...unknown, http: 501 });
      expect(await ask(at, { method: "GET" })).toMatchObject(unknown);
    },
  );

  test("a call that changes something is not made by GET, nor by PUT", async () => {
    const told = { reason: "MALFORMED_REQUEST", http: 405 };
    const query = `?encoding=json&connect=v1&message=${encodeURIComponent('{"roomId":"x"}')}`;
    expect(await ask(path + query, { method: "GET" })).toMatchObject(told);
    expect(await ask(path, { method: "PUT", body: "{}" })).toMatchObject(told);
    expect(await ask(readPath, { method: "DELETE" })).toMatchObject(told);
  });

  test("a type of content that no call has", async () => {
    for (const contentType of [
      "text/plain",
      "application/xml",
      "application/grpc",
      "multipart/form-data",
      "nonsense",
    ]) {
      expect(await ask(path, { contentType, body: "{}" })).toMatchObject({ reason: "MALFORMED_REQUEST", http: 415 });
    }
    const { node, authorization } = server();
    const body = grpcFrame(new Uint8Array());
    const plain = { ":path": path, "content-type": "text/plain", ...authorization };
    expect(await callHttp2(node.grpcAddress, plain, body)).toMatchObject({ http: 415 });
  });

  test.each([
    "?encoding=json",
    "?encoding=xml&message={}",
    "?message={}",
    "?encoding=json&message=%7B",
    "?encoding=proto&base64=1&message=***",
    "?encoding=proto&message=%0A%7F",
    "?encoding=json&message=%FF",
    "?connect=v7&encoding=json&message={}",
    "",
  ])("a GET whose query is no call: %s", async (query) => {
    const told = await ask(readPath + query, { method: "GET" });
    expect(told).toMatchObject({ reason: expect.stringMatching(/^(MALFORMED|INVALID)_REQUEST$/) });
  });

  test("a deadline that is none", async () => {
    for (const timeout of ["-1", "soon", "99999999999"]) {
      const told = await ask(readPath, { body: "{}", headers: { "connect-timeout-ms": timeout } });
      expect(told).toMatchObject({ reason: expect.stringMatching(/^(MALFORMED|INVALID)_REQUEST$/), http: 400 });
    }
    const { node, authorization } = server();
    const body = grpcFrame(new Uint8Array());
    const answer = await callHttp2(
      node.grpcAddress,
      { ":path": readPath, "grpc-timeout": "soon", ...authorization },
      body,
    );
    expect(answer.status).not.toBe("OK");
  });
}
