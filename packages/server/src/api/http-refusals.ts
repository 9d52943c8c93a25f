import type { ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { CallRecord } from "./call-record.ts";
import { toConnectError } from "./error-details.ts";
import type { HttpRequest, HttpResponse } from "./http-exchange.ts";
import { requestIdHeader, toRequestId } from "./request-id.ts";

export function answerUnknownPath(
  record: Pick<CallRecord, "unknownMethod">,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
): void {
  const requestId = requestIdOf(request);
  const contentType = String(request.headers["content-type"] ?? "");
  const grpcWeb = /^application\/grpc-web\b/i.test(contentType);
  const protocol = grpcWeb ? "grpc-web" : "connect";
  const error = record.unknownMethod({ method: path.slice(1), requestId, protocol });
  if (grpcWeb) {
    for (const [name, value] of setTrailerStatus(new Headers(), error)) {
      response.setHeader(name, value);
    }
    response.setHeader("content-type", contentType);
    response.setHeader(requestIdHeader, requestId);
    response.end();
  } else {
    sendError(response, codeToHttpStatus(error.code), error, requestId);
  }
}

/** Connect answers a wrong verb or content type by an HTTP status alone. */
export function answerUnsupported(status: number, request: HttpRequest, response: HttpResponse): void {
  const requestId = requestIdOf(request);
  const message = "a call is a POST of application/json, application/proto or application/grpc-web+proto";
  sendError(
    response,
    status,
    toConnectError(new MaruError(ErrorReason.MALFORMED_REQUEST, { message }), requestId),
    requestId,
  );
}

function sendError(response: HttpResponse, status: number, error: ConnectError, requestId: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.setHeader(requestIdHeader, requestId);
  response.end(errorToJsonBytes(error, undefined));
}

function requestIdOf(request: HttpRequest): string {
  const given = request.headers[requestIdHeader];
  return toRequestId(typeof given === "string" ? given : undefined);
}
