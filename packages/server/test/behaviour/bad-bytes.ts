import { gzipSync } from "node:zlib";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { connectMaru, service, text as textContent } from "@maru/client";
import { EventService, MessageService, SendMessageRequestSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { type AbusedServer, maxRequestBytes } from "./abused-server.ts";
import { callGrpc, callHttp, pathOf } from "./raw-calls.ts";
import { callHttp2, grpcFrame } from "./raw-http2.ts";
import { refusal } from "./refusal.ts";

const path = pathOf(MessageService.method.sendMessage);
const listPath = pathOf(EventService.method.listEntries);
const malformed = { status: "INVALID_ARGUMENT", reason: "MALFORMED_REQUEST" };

const request = (roomId: string, text = "hi"): MessageInitShape<typeof SendMessageRequestSchema> => ({
  roomId,
  actor: { kind: { case: "userId", value: "ann" } },
  content: { kind: { case: "text", value: { text } } },
});
const bytesOf = (roomId: string, text?: string) =>
  Buffer.from(toBinary(SendMessageRequestSchema, create(SendMessageRequestSchema, request(roomId, text))));

const notProtobuf: Readonly<Record<string, Uint8Array>> = {
  "a length beyond the end": Uint8Array.of(0x0a, 0x7f, 0x61),
  "a length that never ends": Uint8Array.of(0x0a, ...Array(11).fill(0xff)),
  "a negative length": Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
  "a field of number 0": Uint8Array.of(0x02, 0x01, 0x61),
  "a type of field that there is not": Uint8Array.of(0x0f),
  "the end of a group that never began": Uint8Array.of(0x0c),
  "groups in groups without end": Buffer.alloc(500_000, 0xa3),
  "text that is no UTF-8": Uint8Array.of(0x0a, 0x02, 0xc3, 0x28),
  "half a message": bytesOf("a-room-that-is-long-enough").subarray(0, -3),
};

export function badBytesSuite(server: () => AbusedServer): void {
  const viaHttp = (contentType: string, body: Uint8Array | string, headers = {}, at = path) =>
    callHttp(server().node.httpAddress, at, { contentType, body, headers: { ...server().authorization, ...headers } });
  const viaGrpc = (...messages: Uint8Array[]) => callGrpc(server().client, path, messages, server().authorization);
  const viaHttp2 = (body: Uint8Array, headers = {}) =>
    callHttp2(server().node.grpcAddress, { ":path": path, ...server().authorization, ...headers }, body);

  test.each(Object.entries(notProtobuf))("bytes that are no message: %s", async (_name, bytes) => {
    expect(await viaGrpc(bytes)).toMatchObject(malformed);
    expect(await viaHttp("application/proto", bytes)).toMatchObject({ ...malformed, http: 400 });
  });

  test.each([
    "{",
    "",
    "[]",
    "7",
    "null",
    '{"roomId":7}',
    '{"roomId":null,"actor":[]}',
    '{"replyToSeq":-1}',
    '{"replyToSeq":4294967296}',
    '{"replyToSeq":1.5}',
    '{"actor":{"userId":"ann","service":{}}}',
    '{"mentions":{"startUtf16":1}}',
    '{"content":{"card":{"type":"a.B","value":"*"}}}',
    '{"roomId":"\\ud800"}',
    `${"[".repeat(200_000)}`,
  ])("JSON that is no message: %#", async (json) => {
    expect(await viaHttp("application/json", json)).toMatchObject({ ...malformed, http: 400 });
  });

  test("JSON whose text is no UTF-8 is refused, and not mended", async () => {
    const json = JSON.stringify({
      roomId: server().roomId,
      actor: { userId: "ann" },
      content: { text: { text: "?" } },
    });
    const body = Buffer.from(json);
    body[body.indexOf("?")] = 0xff;
    expect(await viaHttp("application/json", body)).toMatchObject({ ...malformed, http: 400 });
  });

  test("a stream without a message, with two, or with half of one", async () => {
    const good = bytesOf(server().roomId);
    expect(await viaGrpc()).toMatchObject(malformed);
    expect(await viaGrpc(good, good)).toMatchObject(malformed);
    expect(await viaHttp2(new Uint8Array())).toMatchObject(malformed);
    for (const body of [
      grpcFrame(good).subarray(0, 3),
      grpcFrame(good).subarray(0, -1),
      grpcFrame(good, { sizeBytes: 900 }),
    ]) {
      expect(await viaHttp2(body)).toMatchObject(malformed);
    }
  });

  test("a message that says it is compressed and is not", async () => {
    const good = bytesOf(server().roomId);
    expect(await viaHttp2(grpcFrame(good, { compressed: 1 }), { "grpc-encoding": "gzip" })).toMatchObject(malformed);
    expect(await viaHttp("application/proto", good, { "content-encoding": "gzip" })).toMatchObject(malformed);
  });

  test("a compression that the server does not have", async () => {
    const good = bytesOf(server().roomId);
    const told = await viaHttp2(grpcFrame(good, { compressed: 1 }), { "grpc-encoding": "snappy" });
    expect(told).toMatchObject({ reason: "MALFORMED_REQUEST" });
    expect(await viaHttp("application/proto", good, { "content-encoding": "snappy" })).toMatchObject(malformed);
  });

  test("a request that is larger than the server reads, also when it is small on the wire", async () => {
    const large = bytesOf(server().roomId, "x".repeat(maxRequestBytes));
    const tooLarge = {
      status: "RESOURCE_EXHAUSTED",
      reason: "REQUEST_TOO_LARGE",
      metadata: { limit_bytes: String(maxRequestBytes) },
    };
    expect(await viaGrpc(large)).toMatchObject(tooLarge);
    expect(await viaHttp("application/proto", large)).toMatchObject(tooLarge);
    expect(await viaHttp("application/json", `{"roomId":"${"x".repeat(maxRequestBytes)}"}`)).toMatchObject(tooLarge);
    const bomb = gzipSync(Buffer.alloc(200 * maxRequestBytes));
    expect(bomb.length).toBeLessThan(maxRequestBytes);
    expect(await viaHttp("application/proto", bomb, { "content-encoding": "gzip" })).toMatchObject(tooLarge);
    const { status, reason } = tooLarge;
    expect(await viaHttp2(grpcFrame(bomb, { compressed: 1 }), { "grpc-encoding": "gzip" })).toMatchObject({
      status,
      reason,
    });
    const lie = grpcFrame(new Uint8Array(), { sizeBytes: 0xffff_ffff });
    expect(await viaHttp2(lie)).toMatchObject({ status, reason });
  });

  test("who still sends when the request is too large hears so, on a connection that goes on", async () => {
    const { node, authorization } = server();
    const token = authorization.authorization.replace("Bearer ", "");
    await using maru = connectMaru({ address: `http://${node.httpAddress}`, token, retry: { maxAttempts: 1 } });
    for (let n = 1; n <= 20; n++) {
      const content = textContent("x".repeat(maxRequestBytes * (1 + (n % 4))));
      const sent = maru.messages.send({ roomId: server().roomId, actor: service(), content });
      expect(await refusal(sent)).toMatchObject({ reason: "REQUEST_TOO_LARGE", code: "RESOURCE_EXHAUSTED" });
    }
  });

  test("fields of a newer client are accepted and ignored", async () => {
    const { roomId } = server();
    const newer = Buffer.concat([
      Buffer.of(0x0a, roomId.length),
      Buffer.from(roomId),
      Buffer.of(0xfa, 0x3e, 2, 104, 105),
    ]);
    expect(await callGrpc(server().client, listPath, [newer], server().authorization)).toMatchObject({ status: "OK" });
    expect(await viaHttp("application/proto", newer, {}, listPath)).toMatchObject({ status: "OK" });
    const json = JSON.stringify({ roomId, colour: "blue", nested: { deep: [1, null] } });
    expect(await viaHttp("application/json", json, {}, listPath)).toMatchObject({ status: "OK" });
  });
}
