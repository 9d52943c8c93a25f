import { setTimeout as sleep } from "node:timers/promises";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import {
  type BidiStreamRequest,
  BidiStreamRequestSchema,
  type ClientStreamRequest,
  ClientStreamRequestSchema,
  ConformancePayload_RequestInfoSchema,
  type ConformancePayloadSchema,
  type ConformanceService,
  type Error as ErrorDefinition,
  type Header,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  type UnaryRequest,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "./gen/connectrpc/conformance/v1/service_pb.js";

type Payload = MessageInitShape<typeof ConformancePayloadSchema>;
type RequestInfo = MessageInitShape<typeof ConformancePayload_RequestInfoSchema>;

/** What the runner's service promises in its proto. */
export const conformanceService: Partial<ServiceImpl<typeof ConformanceService>> = {
  unary: (request, context) => answerUnary(UnaryRequestSchema, request, context),
  idempotentUnary: (request, context) => answerUnary(IdempotentUnaryRequestSchema, request, context),
  async clientStream(requests, context) {
    const received = await Array.fromAsync<ClientStreamRequest>(requests);
    const info = requestInfoOf(context, packAll(ClientStreamRequestSchema, received));
    return answerOnce(received[0]?.responseDefinition, info, context);
  },
  async *serverStream(request, context) {
    const info = requestInfoOf(context, packAll(ServerStreamRequestSchema, [request]));
    yield* answerMany(request.responseDefinition, info, context);
  },
  async *bidiStream(requests, context) {
    const received: BidiStreamRequest[] = [];
    const iterator = requests[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (first.done) return;
    received.push(first.value);
    if (first.value.fullDuplex) {
      yield* answerByTurns(first.value, iterator, context);
      return;
    }
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) received.push(next.value);
    const info = requestInfoOf(context, packAll(BidiStreamRequestSchema, received));
    yield* answerMany(first.value.responseDefinition, info, context);
  },
};

function answerUnary<Desc extends DescMessage>(
  schema: Desc,
  request: MessageShape<Desc> & Pick<UnaryRequest, "responseDefinition">,
  context: HandlerContext,
) {
  return answerOnce(request.responseDefinition, requestInfoOf(context, packAll(schema, [request])), context);
}

async function answerOnce(definition: UnaryResponseDefinition | undefined, info: RequestInfo, context: HandlerContext) {
  setMetadata(definition, context);
  await sleep(definition?.responseDelayMs ?? 0);
  const response = definition?.response;
  if (response?.case === "error") throw toError(response.value, info);
  return { payload: { requestInfo: info, ...(response?.case === "responseData" && { data: response.value }) } };
}

async function* answerMany(
  definition: StreamResponseDefinition | undefined,
  info: RequestInfo,
  context: HandlerContext,
): AsyncGenerator<{ readonly payload: Payload }> {
  setMetadata(definition, context);
  let requestInfo: RequestInfo | undefined = info;
  for (const data of definition?.responseData ?? []) {
    await sleep(definition?.responseDelayMs ?? 0);
    yield { payload: requestInfo === undefined ? { data } : { data, requestInfo } };
    requestInfo = undefined;
  }
  if (definition?.error !== undefined) throw toError(definition.error, requestInfo);
}

/** Full duplex: a response to each request, for as long as there are some. */
async function* answerByTurns(
  first: BidiStreamRequest,
  later: AsyncIterator<BidiStreamRequest>,
  context: HandlerContext,
): AsyncGenerator<{ readonly payload: Payload }> {
  const definition = first.responseDefinition;
  setMetadata(definition, context);
  const rest = [...(definition?.responseData ?? [])];
  let request: BidiStreamRequest | undefined = first;
  let sent = 0;
  while (request !== undefined) {
    const data = rest.shift();
    if (data === undefined) break;
    const requests = packAll(BidiStreamRequestSchema, [request]);
    await sleep(definition?.responseDelayMs ?? 0);
    yield { payload: { data, requestInfo: sent++ === 0 ? requestInfoOf(context, requests) : { requests } } };
    const next = await later.next();
    request = next.done ? undefined : next.value;
  }
  for (const data of rest) {
    await sleep(definition?.responseDelayMs ?? 0);
    yield { payload: { data } };
    sent += 1;
  }
  if (definition?.error !== undefined) {
    const requests = packAll(BidiStreamRequestSchema, [first]);
    throw toError(definition.error, sent === 0 ? requestInfoOf(context, requests) : undefined);
  }
}

function packAll<Desc extends DescMessage>(schema: Desc, messages: readonly MessageShape<Desc>[]): Any[] {
  return messages.map((message) => anyPack(schema, message));
}

function setMetadata(
  definition: { readonly responseHeaders: readonly Header[]; readonly responseTrailers: readonly Header[] } | undefined,
  context: HandlerContext,
): void {
  append(context.responseHeader, definition?.responseHeaders);
  append(context.responseTrailer, definition?.responseTrailers);
}

function append(headers: Headers, added: readonly Header[] = []): void {
  for (const { name, value } of added) for (const one of value) headers.append(name, one);
}

function requestInfoOf(context: HandlerContext, requests: Any[]): RequestInfo {
  const timeoutMs = context.timeoutMs();
  const query = context.requestMethod === "GET" ? new URL(context.url).searchParams : undefined;
  return {
    requests,
    requestHeaders: [...context.requestHeader].map(([name, value]) => ({ name, value: [value] })),
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(Math.trunc(timeoutMs)) }),
    ...(query !== undefined && {
      connectGetInfo: { queryParams: [...query].map(([name, value]) => ({ name, value: [value] })) },
    }),
  };
}

function toError({ code, message, details }: ErrorDefinition, info: RequestInfo | undefined): ConnectError {
  const given = details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value }));
  const error = new ConnectError(message ?? "", code as number);
  const told = info === undefined ? [] : [{ desc: ConformancePayload_RequestInfoSchema, value: info }];
  error.details.push(...given, ...told);
  return error;
}
