import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  EventService,
  ListEntriesRequestSchema,
  ListEntriesResponseSchema,
  RequestInfoSchema,
  RetryInfoSchema,
  StatusSchema,
} from "@maru/protocol";

export interface Asked {
  readonly roomId: string;
  readonly pageSize?: number;
  readonly token?: string | undefined;
  readonly requestId?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly code: string;
  readonly nextPageToken?: string;
  /** Of the response's header or trailer. */
  readonly requestId: string | undefined;
  /** Of the response's header or trailer: limit, remaining and seconds to reset. */
  readonly rateShare?: readonly (string | null)[];
  /** Of the RequestInfo detail. */
  readonly infoRequestId?: string | undefined;
  readonly message?: string;
  readonly reason?: string | undefined;
  readonly domain?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
  readonly retryAfterMs?: number | undefined;
}

export interface Wire {
  readonly name: string;
  readonly protocol: string;
  list(asked: Asked): Promise<Answered>;
  close(): void;
}

export function wiresTo(addresses: { readonly grpcAddress: string; readonly httpAddress: string }): Wire[] {
  const baseUrl = `http://${addresses.httpAddress}`;
  const http = { baseUrl, httpVersion: "1.1" as const };
  return [
    grpcWire(addresses.grpcAddress),
    connectWire("Connect JSON", "connect", createConnectTransport({ ...http, useBinaryFormat: false })),
    connectWire("Connect binary", "connect", createConnectTransport({ ...http, useBinaryFormat: true })),
    connectWire("Connect GET", "connect", createConnectTransport({ ...http, useHttpGet: true })),
    connectWire("gRPC-Web", "grpc-web", createGrpcWebTransport(http)),
  ];
}

function headersOf(asked: Asked): Record<string, string> {
  return {
    ...(asked.token !== undefined && { authorization: `Bearer ${asked.token}` }),
    ...(asked.requestId !== undefined && { "x-request-id": asked.requestId }),
  };
}

function connectWire(name: string, protocol: string, transport: Transport): Wire {
  const client = createClient(EventService, transport);
  return {
    name,
    protocol,
    async list(asked) {
      const { roomId, pageSize = 0, timeoutMs, signal } = asked;
      let requestId: string | undefined;
      let rateShare: (string | null)[] = [];
      const read = (headers: Headers) => {
        requestId ??= headers.get("x-request-id") ?? undefined;
        if (headers.has("x-ratelimit-limit")) rateShare = rateFields.map((name) => headers.get(name));
      };
      try {
        const options = { headers: headersOf(asked), onHeader: read, onTrailer: read };
        const { nextPageToken } = await client.listEntries(
          { roomId, pageSize },
          { ...options, ...(timeoutMs !== undefined && { timeoutMs }), ...(signal !== undefined && { signal }) },
        );
        return { code: "OK", nextPageToken, requestId, rateShare };
      } catch (error) {
        const failure = ConnectError.from(error);
        read(failure.metadata);
        return { code: Code[failure.code], requestId, rateShare, message: failure.rawMessage, ...detailsOf(failure) };
      }
    },
    close: () => {},
  };
}

function detailsOf(error: ConnectError) {
  const [info] = error.findDetails(ErrorInfoSchema);
  const [bad] = error.findDetails(BadRequestSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  const [request] = error.findDetails(RequestInfoSchema);
  const delay = retry?.retryDelay;
  return {
    reason: info?.reason,
    domain: info?.domain,
    metadata: info?.metadata ?? {},
    violations: bad?.fieldViolations.map(({ field, description }) => ({ field, description })) ?? [],
    retryAfterMs: delay === undefined ? undefined : Number(delay.seconds) * 1000 + delay.nanos / 1_000_000,
    infoRequestId: request?.requestId,
  };
}

const rateFields = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];

export const listEntriesPath = "/maru.chat.v1.EventService/ListEntries";

function grpcWire(address: string): Wire {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  return {
    name: "gRPC",
    protocol: "grpc",
    list: (asked) =>
      callGrpc(
        client,
        listEntriesPath,
        toBinary(
          ListEntriesRequestSchema,
          create(ListEntriesRequestSchema, { roomId: asked.roomId, pageSize: asked.pageSize ?? 0 }),
        ),
        asked,
      ),
    close: () => client.close(),
  };
}

/** One unary call with these bytes as its request. */
export function callGrpc(
  client: grpc.Client,
  path: string,
  bytes: Uint8Array,
  asked: Partial<Asked> = {},
): Promise<Answered> {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headersOf({ roomId: "", ...asked }))) {
    metadata.set(name, value);
  }
  return new Promise((resolve) => {
    let requestId: string | undefined;
    let rateShare: (string | null)[] = [];
    const read = (headers: grpc.Metadata) => {
      requestId ??= headers.get("x-request-id")[0]?.toString();
      if (headers.get("x-ratelimit-limit").length > 0) {
        rateShare = rateFields.map((name) => headers.get(name)[0]?.toString() ?? null);
      }
    };
    const asIs = (raw: Uint8Array) => Buffer.from(raw);
    const options = asked.timeoutMs === undefined ? {} : { deadline: Date.now() + asked.timeoutMs };
    const call = client.makeUnaryRequest(path, asIs, asIs, Buffer.from(bytes), metadata, options, (error, answer) => {
      if (error === null) {
        const { nextPageToken } = fromBinary(ListEntriesResponseSchema, answer ?? new Uint8Array());
        resolve({ code: "OK", nextPageToken, requestId, rateShare });
        return;
      }
      read(error.metadata);
      resolve({ code: Code[error.code] ?? "", requestId, rateShare, message: error.details, ...grpcDetails(error) });
    });
    call.on("metadata", read);
    asked.signal?.addEventListener("abort", () => call.cancel());
  });
}

export function grpcDetails(error: grpc.ServiceError) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const status = fromBinary(StatusSchema, Buffer.from(bytes ?? ""));
  const failure = new ConnectError(error.details, error.code as number);
  failure.details = status.details.map(({ typeUrl, value }) => ({ type: typeUrl.replace(/^.*\//, ""), value }));
  return detailsOf(failure);
}

/** A Connect call by hand; the answer's body parsed as Connect's JSON error. */
export async function postConnect(
  httpAddress: string,
  path: string,
  contentType: string,
  body: Uint8Array | string,
  token: string,
) {
  const headers = { "content-type": contentType, authorization: `Bearer ${token}` };
  const response = await fetch(`http://${httpAddress}${path}`, { method: "POST", headers, body });
  const { code, details = [] } = (await response.json()) as {
    code: string;
    details?: { type: string; value: string }[];
  };
  const info = details.find(({ type }) => type === ErrorInfoSchema.typeName);
  const reason = info && fromBinary(ErrorInfoSchema, Buffer.from(info.value, "base64"));
  return { status: response.status, code, reason: reason?.reason, requestId: response.headers.get("x-request-id") };
}

/** A gRPC-Web call by hand; the trailers are in the headers, or in the last frame. */
export async function postGrpcWeb(httpAddress: string, path: string, message: Uint8Array, token: string) {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  const headers = { "content-type": "application/grpc-web+proto", authorization: `Bearer ${token}` };
  const response = await fetch(`http://${httpAddress}${path}`, { method: "POST", headers, body: frame });
  const body = Buffer.from(await response.arrayBuffer());
  const inFrame = body
    .subarray(5)
    .toString("latin1")
    .split("\r\n")
    .map((line) => line.split(/:\s*/, 2));
  const trailers = new Map([...response.headers, ...inFrame.map(([name = "", value = ""]) => [name, value] as const)]);
  const status = fromBinary(StatusSchema, Buffer.from(trailers.get("grpc-status-details-bin") ?? "", "base64"));
  const info = status.details.find(({ typeUrl }) => typeUrl.endsWith(ErrorInfoSchema.typeName));
  return {
    status: Number(trailers.get("grpc-status")),
    reason: info && fromBinary(ErrorInfoSchema, info.value).reason,
    requestId: response.headers.get("x-request-id"),
  };
}
