import { constants } from "node:http2";
import type { Registry } from "@bufbuild/protobuf";
import { createConnectRouter, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { Log } from "../log.ts";
import type { Telemetry } from "../telemetry.ts";
import type { CertifiedBy } from "./client-certificate.ts";
import { createRequestGate, routeMethod } from "./connect-adapter.ts";
import type { HttpRequest, HttpResponse } from "./http-exchange.ts";
import { answerUnknownPath, answerUnsupported } from "./http-refusals.ts";
import type { Pipeline } from "./interceptors.ts";
import { keptOpen, untilInterrupted } from "./interruptible-body.ts";
import { binaryReadOptions, jsonReadOptions } from "./read-options.ts";
import type { Readiness } from "./readiness.ts";
import { findCall, putCertified } from "./service-call.ts";
import type { ServiceRegistration } from "./service-registration.ts";

type Answer = (request: HttpRequest, response: HttpResponse) => Promise<void>;

export interface HttpHandlerOptions {
  readonly services: readonly ServiceRegistration[];
  readonly maxRequestBytes: number;
  readonly certifiedBy: CertifiedBy<HttpRequest>;
  /** For JSON of messages that hold an Any. The contract has none. */
  readonly registry?: Registry;
  readonly readiness: Readiness;
  readonly telemetry: Telemetry;
  readonly log: Log;
}

const uploadGraceMs = 1_000;

/** Connect and gRPC-Web for the services, and plain pages for probes and Prometheus. */
export function createHttpHandler(pipeline: Pipeline, options: HttpHandlerOptions) {
  const pages = new Map<string, Answer>(Object.entries(createPages(options)));
  const handlers = createRpcHandlers(pipeline, options);
  const answer: Answer = async (request, response) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const handler = handlers.get(path);
    const page = pages.get(path);
    if (handler !== undefined) {
      await answerRpc(handler, options.certifiedBy(request), request, response);
    } else if (page !== undefined) {
      await page(request, response);
    } else {
      answerUnknownPath(pipeline.record, path, request, response);
    }
  };
  return (request: HttpRequest, response: HttpResponse): void => {
    answer(request, response).catch((error: unknown) => {
      options.log.info({ error, path: request.url }, "an HTTP exchange was cut off");
      response.destroy();
    });
  };
}

function createRpcHandlers(pipeline: Pipeline, { services, maxRequestBytes, registry }: HttpHandlerOptions) {
  const router = createConnectRouter({
    connect: true,
    grpcWeb: true,
    grpc: false,
    acceptCompression: [compressionGzip, compressionBrotli],
    readMaxBytes: maxRequestBytes,
    jsonOptions: registry === undefined ? jsonReadOptions : { ...jsonReadOptions, registry },
    binaryOptions: binaryReadOptions,
    requestGate: createRequestGate(pipeline, services, maxRequestBytes),
  });
  for (const served of services.flatMap(({ methods }) => methods)) {
    routeMethod(pipeline, router, served, maxRequestBytes);
  }
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
}

async function answerRpc(
  handler: UniversalHandler,
  certified: string | undefined,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const values = createContextValues();
  putCertified(values, certified);
  const asked = universalRequestFromNodeRequest(request, response, undefined, values);
  const closeAfterAnswer = () => {
    // The rest of the body may never come, and nothing else can follow on this connection.
    if (request.httpVersionMajor === 1 && !response.headersSent) response.setHeader("connection", "close");
  };
  const toBody = (stream: AsyncIterable<Uint8Array>) =>
    handler.method.methodKind === "unary"
      ? untilInterrupted(stream, () => findCall(values), closeAfterAnswer)
      : keptOpen(stream);
  const body = isStream(asked.body) ? toBody(asked.body) : asked.body;
  stopUploadAfterAnswer(request);
  const answer = await handler({ ...asked, body });
  if (isLargeOverTls(request, answer)) {
    response.setHeader("connection", "close");
  }
  if (answer.body === undefined && answer.status >= 400) {
    answerUnsupported(answer.status, request, response);
  } else {
    await universalResponseToNodeResponse(answer, response);
  }
}

/** A client of HTTP/2 may go on sending for ever; one of HTTP/1.1 is cut by the listener. */
function stopUploadAfterAnswer(request: HttpRequest): void {
  if (!("stream" in request)) return;
  const { stream } = request;
  stream.once("finish", () => {
    const stop = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), uploadGraceMs);
    stream.once("close", () => clearTimeout(stop));
  });
}

/**
 * Node ends an HTTP/1.1 connection over TLS with "Parse Error: Paused" when the next request comes before it has noticed
 * that an answer larger than its buffer is gone. The client's next call would be lost without a word.
 */
function isLargeOverTls(request: HttpRequest, answer: UniversalServerResponse): boolean {
  const sizeBytes = Number(answer.header?.get("content-length") ?? 0);
  return (
    request.httpVersionMajor === 1 && "encrypted" in request.socket && sizeBytes >= request.socket.writableHighWaterMark
  );
}

function isStream(body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

function createPages({ readiness, telemetry }: HttpHandlerOptions): Record<string, Answer> {
  return {
    "/healthz": async (_request, response) => send(response, 200, "application/json", '{"status":"alive"}\n'),
    "/readyz": async (_request, response) => {
      const { ready, failing, notes = {} } = await readiness.state();
      const told = Object.keys(notes).length === 0 ? {} : { notes };
      const body = JSON.stringify({ status: ready ? "ready" : "not ready", failing, ...told });
      send(response, ready ? 200 : 503, "application/json", `${body}\n`);
    },
    "/metrics": async (_request, response) =>
      send(response, 200, telemetry.registry.contentType, await telemetry.text()),
  };
}

export function send(response: HttpResponse, status: number, contentType: string, body: string | Uint8Array): void {
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.end(body);
}
