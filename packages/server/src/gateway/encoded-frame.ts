import { create, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { ServerFrameSchema } from "@maru/protocol/realtime";

/** A frame that is encoded once for each encoding that somebody wants, however many sockets it goes to. */
export interface EncodedFrame {
  protobuf(): Uint8Array;
  json(): string;
}

export function encodeFrame(kind: MessageInitShape<typeof ServerFrameSchema>["kind"] & object): EncodedFrame {
  const frame = create(ServerFrameSchema, { kind });
  let bytes: Uint8Array | undefined;
  let text: string | undefined;
  return {
    protobuf: () => (bytes ??= toBinary(ServerFrameSchema, frame)),
    json: () => (text ??= toJsonString(ServerFrameSchema, frame)),
  };
}
