import { connect } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { status as grpcStatus } from "@grpc/grpc-js";
import { ErrorInfoSchema, StatusSchema } from "@maru/protocol";

export interface Http2Answer {
  readonly http: number;
  readonly status: string | undefined;
  readonly reason: string | undefined;
  /** Why the stream was reset; 0 when it ended well. */
  readonly resetCode: number;
}

/** One HTTP/2 exchange with the gRPC listener, as no gRPC library would make it. */
export async function callHttp2(
  grpcAddress: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array = new Uint8Array(),
): Promise<Http2Answer> {
  const session = connect(`http://${grpcAddress}`);
  try {
    return await new Promise<Http2Answer>((resolve, reject) => {
      session.on("error", reject);
      const stream = session.request({
        ":method": "POST",
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      });
      const received: Record<string, unknown> = {};
      stream.on("response", (answered) => Object.assign(received, answered));
      stream.on("trailers", (answered) => Object.assign(received, answered));
      stream.on("error", () => {});
      stream.on("close", () => resolve(toAnswer(received, stream.rstCode ?? 0)));
      stream.resume();
      stream.end(body);
    });
  } finally {
    session.destroy();
  }
}

function toAnswer(received: Readonly<Record<string, unknown>>, resetCode: number): Http2Answer {
  const code = received["grpc-status"];
  const details = received["grpc-status-details-bin"];
  const infos = typeof details === "string" ? fromBinary(StatusSchema, Buffer.from(details, "base64")).details : [];
  const info = infos.find(({ typeUrl }) => typeUrl.endsWith(ErrorInfoSchema.typeName));
  return {
    http: Number(received[":status"]),
    status: code === undefined ? undefined : grpcStatus[Number(code)],
    reason: info && fromBinary(ErrorInfoSchema, info.value).reason.replace("ERROR_REASON_", ""),
    resetCode,
  };
}

/** A message in gRPC's frame: whether it is compressed, its length, its bytes. */
export function grpcFrame(bytes: Uint8Array, { compressed = 0, sizeBytes = bytes.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed);
  head.writeUInt32BE(sizeBytes, 1);
  return Buffer.concat([head, bytes]);
}
