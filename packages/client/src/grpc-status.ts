import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, encodeBinaryHeader } from "@connectrpc/connect";
import { type Metadata, status as Status, type StatusObject } from "@grpc/grpc-js";
import { StatusSchema } from "@maru/protocol";

const DETAILS_KEY = "grpc-status-details-bin";

/** Metadata of gRPC as web headers, added to those given. Binary values become base64, as on the wire. */
export function toHeaders(metadata: Metadata | undefined, headers: Headers = new Headers()): Headers {
  for (const key of Object.keys(metadata?.getMap() ?? {})) {
    if (key === DETAILS_KEY) continue;
    for (const value of metadata?.get(key) ?? []) {
      headers.append(key, typeof value === "string" ? value : encodeBinaryHeader(value));
    }
  }
  return headers;
}

/** A failed gRPC status as the error that every transport of Connect throws, with its details. */
export function toConnectError(status: Pick<StatusObject, "code" | "details" | "metadata">): ConnectError {
  const lost = status.metadata.get(DETAILS_KEY).length === 0 && isLostStream(status);
  const error = new ConnectError(
    status.details,
    lost ? Code.Unavailable : toCode(status.code),
    toHeaders(status.metadata),
  );
  error.details = readDetails(status.metadata);
  return error;
}

function toCode(code: number): Code {
  return code >= 1 && code <= 16 ? code : Code.Unknown;
}

/** grpc-js says INTERNAL or CANCELLED when a stream could not begin, or ended without a status: the connection was lost. */
function isLostStream(status: Pick<StatusObject, "code" | "details">): boolean {
  if (status.code === Status.INTERNAL)
    return /^(Received RST_STREAM|Failed to start HTTP\/2 stream)/.test(status.details);
  return status.code === Status.CANCELLED && status.details === "Call cancelled";
}

function readDetails(metadata: Metadata): ConnectError["details"] {
  const bytes = metadata.get(DETAILS_KEY)[0];
  if (bytes === undefined || typeof bytes === "string") return [];
  try {
    return fromBinary(StatusSchema, bytes).details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  } catch {
    return []; // Details that cannot be read must not hide the status itself.
  }
}
