import { type DescMethod, fromBinary } from "@bufbuild/protobuf";
import { ErrorInfoSchema } from "@maru/protocol";
import { type Ended, isEnough, timeoutMs } from "./send-grpc.ts";

export type Encoding = "proto" | "json";

interface ConnectError {
  readonly code: string;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

export async function sendConnect(
  httpAddress: string,
  method: DescMethod,
  encoding: Encoding,
  request: Uint8Array,
  token: string,
): Promise<Ended> {
  const isUnary = method.methodKind === "unary";
  const response = await fetch(`http://${httpAddress}/${method.parent.typeName}/${method.name}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": isUnary ? `application/${encoding}` : `application/connect+${encoding}`,
      "connect-timeout-ms": String(timeoutMs),
    },
    body: new Uint8Array(isUnary ? request : enveloped(request)),
  });
  if (!isUnary && response.ok && response.body !== null) return readStream(method, response.body);
  const body = Buffer.from(await response.arrayBuffer());
  return response.ok ? { code: "OK", parts: [body] } : { ...refusalOf(JSON.parse(body.toString())), parts: [] };
}

async function readStream(method: DescMethod, body: AsyncIterable<Uint8Array>): Promise<Ended> {
  const parts: Uint8Array[] = [];
  let unread = Buffer.alloc(0);
  for await (const chunk of body) {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 5 && unread.length >= 5 + unread.readUInt32BE(1)) {
      const end = 5 + unread.readUInt32BE(1);
      const part = unread.subarray(5, end);
      if ((unread.readUInt8(0) & 2) !== 0) {
        const { error } = JSON.parse(part.toString()) as { error?: ConnectError };
        return error === undefined ? { code: "OK", parts } : { ...refusalOf(error), parts };
      }
      parts.push(part);
      unread = unread.subarray(end);
      // To leave the loop is to end the call.
      if (isEnough(method, parts)) return { code: "OK", parts };
    }
  }
  return { code: "UNKNOWN", message: "the stream broke off", parts };
}

function enveloped(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function refusalOf({ code, message, details = [] }: ConnectError) {
  const info = details.find(({ type }) => type === ErrorInfoSchema.typeName);
  return {
    code: code.toUpperCase(),
    message,
    reason: info && fromBinary(ErrorInfoSchema, Buffer.from(info.value, "base64")).reason,
  };
}
