import {
  create,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { type ClientFrame, ClientFrameSchema, type ServerFrame, ServerFramesSchema } from "@maru/protocol/realtime";

/** What frames look like on the wire: binary, or JSON that people can read in the browser's network panel. */
export type Encoding = "protobuf" | "json";

/** What a client frame says. */
export type ClientFrameKind = MessageInitShape<typeof ClientFrameSchema>["kind"] & object;

export const subprotocols: Record<Encoding, string> = { protobuf: "maru.v1.protobuf", json: "maru.v1.json" };

/** @param requestId what the answer will carry; empty when none is awaited */
export function encodeClientFrame(
  encoding: Encoding,
  kind: ClientFrameKind,
  requestId = "",
): Uint8Array<ArrayBuffer> | string {
  const frame: ClientFrame = create(ClientFrameSchema, { requestId, kind });
  return encoding === "json" ? toJsonString(ClientFrameSchema, frame) : toBinary(ClientFrameSchema, frame);
}

/** How many bytes of a gateway's max_frame_bytes it takes. */
export function sizeBytes(encoded: Uint8Array | string): number {
  return typeof encoded === "string" ? new TextEncoder().encode(encoded).length : encoded.length;
}

/** The frames of one WebSocket message, as it came: text is JSON, an ArrayBuffer is Protobuf. Throws when it is neither. */
export function decodeServerFrames(data: unknown): readonly ServerFrame[] {
  if (typeof data === "string") {
    const json: JsonValue = JSON.parse(data);
    return fromJson(ServerFramesSchema, json, { ignoreUnknownFields: true }).frames;
  }
  if (data instanceof ArrayBuffer) return fromBinary(ServerFramesSchema, new Uint8Array(data)).frames;
  throw new TypeError("a WebSocket message that is neither text nor an ArrayBuffer");
}
