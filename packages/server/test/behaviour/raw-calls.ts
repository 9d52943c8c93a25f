import { type DescMethod, fromBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, RequestInfoSchema, StatusSchema } from "@maru/protocol";

/** How a call ended that no typed client would make. */
export interface Told {
  /** `INVALID_ARGUMENT`, or `OK`. */
  readonly status: string;
  /** Without its prefix; undefined when the answer carries none. */
  readonly reason?: string | undefined;
  readonly fields?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly requestId?: string | undefined;
  /** Status of HTTP. */
  readonly http?: number;
  readonly body?: Buffer;
}

export type RawHeaders = Readonly<Record<string, string>>;

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** One call with these bytes as its only message, or with as many messages as are given. */
export function callGrpc(
  client: grpc.Client,
  path: string,
  messages: readonly Uint8Array[],
  headers: RawHeaders,
): Promise<Told> {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const asIs = (raw: Uint8Array) => Buffer.from(raw);
  return new Promise((resolve) => {
    const call = client.makeClientStreamRequest(path, asIs, asIs, metadata, (error, body) => {
      if (error === null) {
        resolve({ status: "OK", ...(body !== undefined && { body }) });
        return;
      }
      const [bytes] = error.metadata.get("grpc-status-details-bin");
      const details = bytes === undefined ? [] : fromBinary(StatusSchema, Buffer.from(bytes)).details;
      resolve({
        status: grpc.status[error.code] ?? "",
        ...toldBy(details.map(({ typeUrl, value }) => ({ type: typeUrl.replace(/^.*\//, ""), value }))),
      });
    });
    for (const message of messages) call.write(message);
    call.end();
  });
}

export interface RawRequest {
  readonly method?: string;
  readonly contentType?: string;
  readonly headers?: RawHeaders;
  readonly body?: Uint8Array | string;
}

/** One HTTP request; an error in Connect's JSON is read. */
export async function callHttp(
  httpAddress: string,
  path: string,
  { method = "POST", contentType = "application/json", headers = {}, body }: RawRequest,
): Promise<Told> {
  const response = await fetch(`http://${httpAddress}${path}`, {
    method,
    headers: { ...(body !== undefined && { "content-type": contentType }), ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.ok) return { status: "OK", http: response.status, body: bytes };
  const { code, details = [] } = JSON.parse(bytes.toString()) as { code: string; details?: readonly JsonDetail[] };
  return {
    status: code.toUpperCase(),
    http: response.status,
    ...toldBy(details.map(({ type, value }) => ({ type, value: Buffer.from(value, "base64") }))),
  };
}

interface JsonDetail {
  readonly type: string;
  readonly value: string;
}

function toldBy(details: readonly { readonly type: string; readonly value: Uint8Array }[]) {
  const find = (type: string) => details.find((one) => one.type === type)?.value;
  const info = find(ErrorInfoSchema.typeName);
  const bad = find(BadRequestSchema.typeName);
  const request = find(RequestInfoSchema.typeName);
  const { reason, metadata } =
    info === undefined ? { reason: undefined, metadata: {} } : fromBinary(ErrorInfoSchema, info);
  return {
    reason: reason?.replace("ERROR_REASON_", ""),
    metadata,
    fields: bad === undefined ? [] : fromBinary(BadRequestSchema, bad).fieldViolations.map(({ field }) => field),
    requestId: request && fromBinary(RequestInfoSchema, request).requestId,
  };
}
