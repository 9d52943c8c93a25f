import { create, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { ListEntriesRequestSchema } from "@maru/protocol";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { signServiceToken } from "../src/identity/tokens.ts";
import { allowServices } from "../src/policy/policy.ts";
import { type ApiServer, maxRequestBytes, startApiServer, tokenKey } from "./api-server.ts";
import { callGrpc, grpcDetails, listEntriesPath, postConnect, postGrpcWeb, type Wire, wiresTo } from "./api-wires.ts";

let server: ApiServer;
let wires: Wire[];
let client: grpc.Client;

beforeAll(async () => {
  server = await startApiServer({ defaultDeadlineMs: 5_000 });
  wires = wiresTo(server);
  client = new grpc.Client(server.grpcAddress, grpc.credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  for (const wire of wires) {
    wire.close();
  }
  await server.close();
});

const names = ["gRPC", "Connect JSON", "Connect binary", "Connect GET", "gRPC-Web"];

function wireNamed(name: string): Wire {
  const wire = wires.find((one) => one.name === name);
  if (wire === undefined) {
    throw new Error(`no wire ${name}`);
  }
  return wire;
}

describe.each(names)("over %s", (name) => {
  const list = (asked: Parameters<Wire["list"]>[0]) => wireNamed(name).list({ token: server.token, ...asked });

  test("a call is answered, with a request id made for it", async () => {
    const answer = await list({ roomId: "room-1" });
    expect(answer).toMatchObject({ code: "OK", nextPageToken: "room-1" });
    expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("the caller's request id comes back with answers and errors, and stands in the log", async () => {
    expect(await list({ roomId: "room-1", requestId: "trace/7" })).toMatchObject({ requestId: "trace/7" });
    const requestId = `frozen-${name.replace(/ /g, "-")}`;
    expect(await list({ roomId: "frozen", requestId })).toMatchObject({ requestId, infoRequestId: requestId });
    expect(server.logged.find((line) => line.request_id === requestId)).toMatchObject({
      level: "info",
      message: "call failed",
      method: "maru.chat.v1.EventService/ListEntries",
      caller: "orders",
      protocol: wireNamed(name).protocol,
      code: "FAILED_PRECONDITION",
      reason: "ERROR_REASON_ROOM_FROZEN",
    });
  });

  test("a request id that is not fit for a log is replaced", async () => {
    const answer = await list({ roomId: "room-1", requestId: "a b<c>" });
    expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("an error of the domain comes with its reason and metadata", async () => {
    expect(await list({ roomId: "frozen" })).toMatchObject({
      code: "FailedPrecondition",
      message: "sending is stopped in this room for now",
      reason: "ERROR_REASON_ROOM_FROZEN",
      domain: "maru.chat.v1",
      metadata: { room_id: "frozen" },
    });
  });

  test("an error that passes says when to try again", async () => {
    expect(await list({ roomId: "contended" })).toMatchObject({ code: "Aborted", retryAfterMs: 1500 });
  });

  test("an unforeseen error says nothing but the request id; the log says all", async () => {
    const answer = await list({ roomId: "broken" });
    expect(answer).toMatchObject({ code: "Internal", reason: "ERROR_REASON_INTERNAL" });
    expect(JSON.stringify(answer)).not.toContain("secret");
    const line = server.logged.find((one) => one.request_id === answer.requestId);
    expect(line).toMatchObject({ level: "error", error: { message: "a secret of the inside" } });
  });

  test("the handler learns which service calls", async () => {
    expect(await list({ roomId: "caller" })).toMatchObject({ nextPageToken: "orders" });
  });

  test("an invalid request is refused with each field's path", async () => {
    expect(await list({ roomId: "", pageSize: 201 })).toMatchObject({
      code: "InvalidArgument",
      reason: "ERROR_REASON_INVALID_REQUEST",
      violations: [
        { field: "room_id", description: expect.stringContaining("at least 1 character") },
        { field: "page_size", description: expect.stringContaining("200") },
      ],
    });
  });

  test("a request that is too large is refused with the limit", async () => {
    expect(await list({ roomId: "x".repeat(maxRequestBytes) })).toMatchObject({
      code: "ResourceExhausted",
      reason: "ERROR_REASON_REQUEST_TOO_LARGE",
      metadata: { limit_bytes: String(maxRequestBytes) },
    });
  });

  test("a call without a token is refused", async () => {
    expect(await list({ roomId: "room-1", token: undefined })).toMatchObject({
      code: "Unauthenticated",
      reason: "ERROR_REASON_TOKEN_MISSING",
    });
  });

  test("a token that is forged, for somebody else or of nobody is refused", async () => {
    const sign = (claims: Record<string, unknown>, key = tokenKey) =>
      new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(key));
    const good = { sub: "orders", iss: "maru", aud: "maru", exp: Math.floor(Date.now() / 1000) + 600 };
    const tokens = [
      "nonsense",
      await sign(good, "another key of at least 32 bytes!"),
      await sign({ ...good, aud: "payments" }),
      await sign({ ...good, iss: "somebody" }),
      await sign({ ...good, sub: "" }),
      await sign({ sub: "orders", iss: "maru", aud: "maru" }),
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify(good)).toString("base64url")}.`,
    ];
    for (const token of tokens) {
      expect(await list({ roomId: "room-1", token })).toMatchObject({
        code: "Unauthenticated",
        reason: "ERROR_REASON_TOKEN_INVALID",
      });
    }
  });

  test("an expired token is refused with the server's time", async () => {
    const token = await signServiceToken({ key: tokenKey, service: "orders", ttlSeconds: -1 });
    expect(await list({ roomId: "room-1", token })).toMatchObject({
      code: "Unauthenticated",
      reason: "ERROR_REASON_TOKEN_EXPIRED",
      metadata: { server_time: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
  });

  test.each(["obedient", "deaf"])("the caller's deadline ends a call whose handler is %s", async (roomId) => {
    const requestId = `deadline-${roomId}-${wireNamed(name).protocol}-${Math.random()}`;
    const answer = await list({ roomId, timeoutMs: 100, requestId });
    expect(answer.code).toBe("DeadlineExceeded");
    await vi.waitFor(() => {
      expect(server.logged.find((line) => line.request_id === requestId)).toMatchObject({
        code: expect.stringMatching(/^(DEADLINE_EXCEEDED|CANCELLED)$/),
      });
    });
  });

  test("a caller that goes away interrupts the handler", async () => {
    const requestId = `cancel-${Math.random()}`;
    const abort = new AbortController();
    const answer = list({ roomId: "obedient", requestId, signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    expect(await answer).toMatchObject({ code: "Canceled" });
    await vi.waitFor(() => {
      expect(server.logged.find((line) => line.request_id === requestId)).toMatchObject({ code: "CANCELLED" });
    });
  });
});

const malformed = Uint8Array.of(0x0a, 0xff, 0xff, 0x01);

test("malformed bytes are a typed error on gRPC", async () => {
  expect(await callGrpc(client, listEntriesPath, malformed, { token: server.token })).toMatchObject({
    code: "InvalidArgument",
    reason: "ERROR_REASON_MALFORMED_REQUEST",
  });
});

test("malformed bytes are a typed error over HTTP", async () => {
  const expected = { code: "invalid_argument", reason: "ERROR_REASON_MALFORMED_REQUEST", status: 400 };
  const { httpAddress, token } = server;
  expect(await postConnect(httpAddress, listEntriesPath, "application/proto", malformed, token)).toMatchObject(
    expected,
  );
  expect(await postConnect(httpAddress, listEntriesPath, "application/json", "{nonsense", token)).toMatchObject(
    expected,
  );
  const wrongType = await postConnect(httpAddress, listEntriesPath, "application/json", '{"roomId":7}', token);
  expect(wrongType).toMatchObject({ ...expected, requestId: expect.any(String) });
  expect(await postGrpcWeb(httpAddress, listEntriesPath, malformed, token)).toMatchObject({
    status: grpc.status.INVALID_ARGUMENT,
    reason: "ERROR_REASON_MALFORMED_REQUEST",
    requestId: expect.any(String),
  });
});

test("who does not say who it is learns nothing of its bytes", async () => {
  expect(await callGrpc(client, listEntriesPath, malformed)).toMatchObject({ reason: "ERROR_REASON_TOKEN_MISSING" });
  const forged = await postConnect(server.httpAddress, listEntriesPath, "application/proto", malformed, "x");
  expect(forged).toMatchObject({ status: 401, reason: "ERROR_REASON_TOKEN_INVALID" });
});

test("a method that no service has is a typed error", async () => {
  const path = "/maru.chat.v1.EventService/ForgetEntries";
  expect(await callGrpc(client, path, new Uint8Array(), { token: server.token })).toMatchObject({
    code: "Unimplemented",
    reason: "ERROR_REASON_METHOD_UNKNOWN",
    metadata: { method: path.slice(1) },
  });
  expect(await postConnect(server.httpAddress, path, "application/json", "{}", server.token)).toMatchObject({
    code: "unimplemented",
    reason: "ERROR_REASON_METHOD_UNKNOWN",
  });
  expect(await postGrpcWeb(server.httpAddress, path, new Uint8Array(), server.token)).toMatchObject({
    status: grpc.status.UNIMPLEMENTED,
    reason: "ERROR_REASON_METHOD_UNKNOWN",
  });
});

test("an HTTP request that is no call is told what a call is", async () => {
  const answer = await postConnect(server.httpAddress, listEntriesPath, "text/plain", "hello", server.token);
  expect(answer).toMatchObject({ status: 415, reason: "ERROR_REASON_MALFORMED_REQUEST" });
});

test("a gRPC stream that is half-closed without a message, or carries two, is a typed error", async () => {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${server.token}`);
  const asIs = (raw: Buffer) => raw;
  const good = Buffer.from(toBinary(ListEntriesRequestSchema, create(ListEntriesRequestSchema, { roomId: "room-1" })));
  for (const messages of [[], [good, good]]) {
    const error = await new Promise<grpc.ServiceError>((resolve) => {
      const call = client.makeClientStreamRequest(listEntriesPath, asIs, asIs, metadata, (failure) => {
        if (failure !== null) {
          resolve(failure);
        }
      });
      for (const message of messages) {
        call.write(message);
      }
      call.end();
    });
    expect(error.code).toBe(grpc.status.INVALID_ARGUMENT);
    expect(grpcDetails(error)).toMatchObject({ reason: "ERROR_REASON_MALFORMED_REQUEST" });
  }
});

test("fields of a newer client are accepted and ignored", async () => {
  const known = toBinary(ListEntriesRequestSchema, create(ListEntriesRequestSchema, { roomId: "room-1" }));
  const newer = Buffer.concat([known, Uint8Array.of(0xfa, 0x3e, 0x02, 0x68, 0x69)]);
  expect(await callGrpc(client, listEntriesPath, newer, { token: server.token })).toMatchObject({ code: "OK" });
  const answer = await fetch(`http://${server.httpAddress}${listEntriesPath}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${server.token}` },
    body: '{"roomId":"room-1","colour":"blue"}',
  });
  expect(answer.status).toBe(200);
});

test("a unary call without a deadline gets the default one", async () => {
  await using hasty = await startApiServer({ defaultDeadlineMs: 50 });
  for (const wire of wiresTo(hasty)) {
    expect(await wire.list({ roomId: "deaf", token: hasty.token })).toMatchObject({
      code: "DeadlineExceeded",
      reason: "ERROR_REASON_DEADLINE_EXCEEDED",
    });
    wire.close();
  }
});

test("a service that is not among the allowed ones is refused", async () => {
  await using strict = await startApiServer({}, { policy: allowServices(["payments"]) });
  const payments = await signServiceToken({ key: tokenKey, service: "payments", ttlSeconds: 60 });
  for (const wire of wiresTo(strict)) {
    expect(await wire.list({ roomId: "room-1", token: strict.token })).toMatchObject({
      code: "PermissionDenied",
      reason: "ERROR_REASON_CALLER_NOT_ALLOWED",
      metadata: { caller: "orders", method: "maru.chat.v1.EventService/ListEntries" },
    });
    expect(await wire.list({ roomId: "room-1", token: payments })).toMatchObject({ code: "OK" });
    wire.close();
  }
});

test("metrics count calls by method and code, and tokens by how they were checked", async () => {
  const text = await (await fetch(`http://${server.httpAddress}/metrics`)).text();
  const method = 'method="maru.chat.v1.EventService/ListEntries"';
  expect(text).toMatch(new RegExp(`^maru_rpc_calls_total\\{${method},code="OK"\\} [1-9]`, "m"));
  expect(text).toMatch(new RegExp(`^maru_rpc_calls_total\\{${method},code="FAILED_PRECONDITION"\\} [1-9]`, "m"));
  expect(text).toMatch(new RegExp(`^maru_rpc_duration_seconds_bucket\\{le="0.01",${method},code="OK"\\} \\d`, "m"));
  expect(text).toMatch(/^maru_token_checks_total\{result="cached"\} [1-9]/m);
  expect(text).toMatch(/^maru_rpc_calls_in_flight 0$/m);
});
