import { type DescMethod, fromBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { ErrorInfoSchema, StatusSchema } from "@maru/protocol";

/** How a call ended, and what it brought. */
export interface Ended {
  /** `OK`, also for a stream that was cut. */
  readonly code: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly parts: readonly Uint8Array[];
}

export const timeoutMs = 30_000;

/** Whether a stream has brought what it brings without being waited for: a watched room's history, and a heartbeat. */
export function isEnough({ name, methodKind }: DescMethod, parts: readonly Uint8Array[]): boolean {
  if (methodKind === "unary") return false;
  if (name !== "WatchRoom") return parts.length === 3;
  const [first] = parts.at(-1) ?? [];
  // Entries are field 1.
  return (
    first !== 0x0a &&
    !Buffer.from(parts.at(-1) ?? [])
      .toString("latin1")
      .startsWith('{"entries"')
  );
}

export function sendGrpc(client: grpc.Client, method: DescMethod, request: Uint8Array, token: string): Promise<Ended> {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const asIs = (raw: Uint8Array) => Buffer.from(raw);
  const path = `/${method.parent.typeName}/${method.name}`;
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    const options = { deadline: Date.now() + timeoutMs };
    // A unary call is a stream of one message.
    const call = client.makeServerStreamRequest(path, asIs, asIs, request, metadata, options);
    call.on("data", (part: Buffer) => {
      parts.push(part);
      if (!isEnough(method, parts)) return;
      resolve({ code: "OK", parts });
      call.cancel();
    });
    call.on("end", () => resolve({ code: "OK", parts }));
    call.on("error", (error: grpc.ServiceError) => resolve({ ...refusalOf(error), parts }));
  });
}

function refusalOf({ code, details, metadata }: grpc.ServiceError) {
  const [bytes] = metadata.get("grpc-status-details-bin");
  const status = bytes === undefined ? undefined : fromBinary(StatusSchema, Buffer.from(bytes));
  const info = status?.details.find(({ typeUrl }) => typeUrl.endsWith(ErrorInfoSchema.typeName));
  return {
    code: grpc.status[code] ?? String(code),
    message: details,
    reason: info && fromBinary(ErrorInfoSchema, info.value).reason,
  };
}
