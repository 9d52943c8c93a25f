import { request } from "node:https";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { EventService } from "@maru/protocol";
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from "@maru/protocol/grpc";
import { generate } from "selfsigned";
import { expect, test, vi } from "vitest";
import { startApiServer } from "./api-server.ts";
import { listEntriesPath, wiresTo } from "./api-wires.ts";

const encodeCheck = (service: string) =>
  Buffer.from(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })));
const decodeCheck = (bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes).status;

function healthOf(client: grpc.Client, service: string): Promise<Status> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest("/grpc.health.v1.Health/Check", encodeCheck, decodeCheck, service, (error, status) =>
      error === null && status !== undefined ? resolve(status) : reject(error),
    );
  });
}

function watchHealth(client: grpc.Client, service: string) {
  const seen: Status[] = [];
  const stream = client.makeServerStreamRequest("/grpc.health.v1.Health/Watch", encodeCheck, decodeCheck, service);
  stream.on("data", (status: Status) => seen.push(status));
  stream.on("error", () => {});
  return { seen, stop: () => stream.cancel() };
}

const grpcClient = (address: string) => new grpc.Client(address, grpc.credentials.createInsecure());

test("health needs no token and knows the server and its services", async () => {
  await using server = await startApiServer();
  const client = grpcClient(server.grpcAddress);
  expect(await healthOf(client, "")).toBe(Status.SERVING);
  expect(await healthOf(client, "maru.chat.v1.EventService")).toBe(Status.SERVING);
  await expect(healthOf(client, "maru.chat.v1.Nothing")).rejects.toMatchObject({ code: grpc.status.NOT_FOUND });
  const watched = watchHealth(client, "");
  const unknown = watchHealth(client, "maru.chat.v1.Nothing");
  await vi.waitFor(() => expect([watched.seen, unknown.seen]).toEqual([[Status.SERVING], [Status.SERVICE_UNKNOWN]]));
  watched.stop();
  unknown.stop();
  client.close();
});

test("a failing check makes the server alive but not ready, and says which", async () => {
  const check = () => {
    throw new Error("no such table");
  };
  await using server = await startApiServer({}, { checks: [{ name: "table", check }] });
  const client = grpcClient(server.grpcAddress);
  expect(await healthOf(client, "")).toBe(Status.NOT_SERVING);
  client.close();
  const get = async (path: string) => {
    const response = await fetch(`http://${server.httpAddress}${path}`);
    return { status: response.status, body: await response.json() };
  };
  expect(await get("/readyz")).toEqual({
    status: 503,
    body: { status: "not ready", failing: { table: "no such table" } },
  });
  expect(await get("/healthz")).toEqual({ status: 200, body: { status: "alive" } });
});

test("draining refuses new calls, tells probes and watchers, and waits for the calls that run", async () => {
  await using server = await startApiServer();
  const wires = wiresTo(server);
  const client = grpcClient(server.grpcAddress);
  const watched = watchHealth(client, "");
  const running = wires.map((wire) => wire.list({ roomId: "held", token: server.token }));
  await vi.waitFor(() => expect(server.held()).toBe(wires.length));

  let drained: boolean | undefined;
  const draining = server.drain().then((allEnded) => {
    drained = allEnded;
  });
  for (const wire of wires) {
    expect(await wire.list({ roomId: "room-1", token: server.token })).toMatchObject({
      code: "Unavailable",
      reason: "ERROR_REASON_DRAINING",
    });
  }
  expect((await fetch(`http://${server.httpAddress}/readyz`)).status).toBe(503);
  await vi.waitFor(() => expect(watched.seen).toEqual([Status.SERVING, Status.NOT_SERVING]));
  expect(drained).toBeUndefined();

  server.release();
  for (const answer of await Promise.all(running)) {
    expect(answer).toMatchObject({ code: "OK", nextPageToken: "released" });
  }
  await draining;
  expect(drained).toBe(true);
  watched.stop();
  client.close();
  for (const wire of wires) {
    wire.close();
  }
});

test("draining gives up on calls that do not end, and closing tells them to go elsewhere", async () => {
  await using server = await startApiServer({ drainTimeoutMs: 50 });
  const wires = wiresTo(server);
  const running = wires.map((wire) => wire.list({ roomId: "deaf", token: server.token }));
  const counted = async () => {
    const metrics = await (await fetch(`http://${server.httpAddress}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`^maru_rpc_calls_in_flight ${wires.length}$`, "m"));
  };
  await vi.waitFor(counted, { timeout: 20_000 });
  expect(await server.drain()).toBe(false);
  await server.close();
  for (const answer of await Promise.all(running)) {
    expect(answer).toMatchObject({ code: "Unavailable", reason: "ERROR_REASON_DRAINING" });
  }
  for (const wire of wires) {
    wire.close();
  }
});

test("a caller that never sends its request is answered at the deadline", async () => {
  await using server = await startApiServer({ defaultDeadlineMs: 50 });
  const client = grpcClient(server.grpcAddress);
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${server.token}`);
  const asIs = (bytes: Buffer) => bytes;
  const failure = await new Promise<grpc.ServiceError | null>((resolve) => {
    client.makeClientStreamRequest(listEntriesPath, asIs, asIs, metadata, resolve);
  });
  expect(failure?.code).toBe(grpc.status.DEADLINE_EXCEEDED);
  client.close();
});

test("an address that is taken is an error, and nothing is left listening", async () => {
  await using server = await startApiServer();
  await expect(startApiServer({ httpAddress: server.httpAddress })).rejects.toThrow(/EADDRINUSE/);
  await expect(startApiServer({ grpcAddress: server.grpcAddress })).rejects.toThrow();
});

// Made for this run: no key lies in the repository.
const made = await generate([{ name: "commonName", value: "localhost" }], {
  keyType: "ec",
  extensions: [
    { name: "basicConstraints", cA: true },
    {
      name: "subjectAltName",
      altNames: [
        { type: 2, value: "localhost" },
        { type: 7, ip: "127.0.0.1" },
      ],
    },
  ],
});
const cert = Buffer.from(made.cert);
const key = Buffer.from(made.private);

test("both listeners speak TLS, HTTP in versions 1.1 and 2", async () => {
  await using server = await startApiServer({ grpcTls: { cert, key }, httpTls: { cert, key } });
  const client = new grpc.Client(server.grpcAddress, grpc.credentials.createSsl(cert));
  expect(await healthOf(client, "")).toBe(Status.SERVING);
  client.close();
  for (const httpVersion of ["1.1", "2"] as const) {
    const transport = createConnectTransport({
      baseUrl: `https://${server.httpAddress}`,
      httpVersion,
      nodeOptions: { ca: cert },
    });
    const headers = { authorization: `Bearer ${server.token}` };
    const answer = await createClient(EventService, transport).listEntries({ roomId: "caller" }, { headers });
    expect(answer.nextPageToken).toBe("orders");
  }
});

test("with a client authority, callers without its certificate are not let in", async () => {
  const tls = { cert, key, clientCa: cert };
  await using server = await startApiServer({ grpcTls: tls, httpTls: tls });
  const known = new grpc.Client(server.grpcAddress, grpc.credentials.createSsl(cert, key, cert));
  const stranger = new grpc.Client(server.grpcAddress, grpc.credentials.createSsl(cert));
  expect(await healthOf(known, "")).toBe(Status.SERVING);
  await expect(healthOf(stranger, "")).rejects.toMatchObject({ code: grpc.status.UNAVAILABLE });
  known.close();
  stranger.close();

  const get = (own: object) =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { ca: cert, agent: false, ...own };
      request(`https://${server.httpAddress}/healthz`, options, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
  expect(await get({ cert, key })).toBe(200);
  await expect(get({})).rejects.toThrow();
});
