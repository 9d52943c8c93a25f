import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { ErrorReason } from "@maru/protocol";
import { type ClientFrame, ClientFrameSchema } from "@maru/protocol/realtime";
import { MaruError } from "../errors.ts";
import type { EncodedFrame } from "./encoded-frame.ts";

/** What a subprotocol makes of frames. */
export interface WireEncoding {
  readonly subprotocol: string;
  /** How `ws` sends it. */
  readonly sendOptions: { readonly binary: boolean };
  /** Throws MaruError(MALFORMED_REQUEST). */
  decode(data: Buffer, isBinary: boolean): ClientFrame;
  /** About how much the frame adds to a message. */
  sizeBytes(frame: EncodedFrame): number;
  /** One message of several frames. */
  join(frames: readonly EncodedFrame[]): Uint8Array;
}

export const protobufEncoding: WireEncoding = {
  subprotocol: "maru.v1.protobuf",
  sendOptions: { binary: true },
  decode(data, isBinary) {
    if (!isBinary) throw malformed("a connection of maru.v1.protobuf takes binary messages");
    try {
      return fromBinary(ClientFrameSchema, data, { readUnknownFields: false });
    } catch (cause) {
      throw malformed("the bytes are no ClientFrame", cause);
    }
  },
  sizeBytes: (frame) => frame.protobuf().byteLength,
  join(frames) {
    const [first] = frames;
    return frames.length === 1 && first !== undefined
      ? first.protobuf()
      : Buffer.concat(frames.map((frame) => frame.protobuf()));
  },
};

export const jsonEncoding: WireEncoding = {
  subprotocol: "maru.v1.json",
  sendOptions: { binary: false },
  decode(data, isBinary) {
    if (isBinary) throw malformed("a connection of maru.v1.json takes text messages");
    try {
      return fromJsonString(ClientFrameSchema, data.toString("utf8"), { ignoreUnknownFields: true });
    } catch (cause) {
      throw malformed("the text is no ClientFrame in Protobuf's JSON", cause);
    }
  },
  sizeBytes: (frame) => frame.json().length,
  join: (frames) => Buffer.from(`{"frames":[${frames.map((frame) => frame.json()).join(",")}]}`),
};

const encodings = [protobufEncoding, jsonEncoding];

/** The first of the offered subprotocols that is known. */
export function chooseEncoding(offered: Iterable<string>): WireEncoding | undefined {
  for (const subprotocol of offered) {
    const found = encodings.find((one) => one.subprotocol === subprotocol);
    if (found !== undefined) return found;
  }
  return undefined;
}

function malformed(message: string, cause?: unknown): MaruError {
  const detail = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return new MaruError(ErrorReason.MALFORMED_REQUEST, {
    message: detail.slice(0, maxMessageChars).toWellFormed(),
    cause,
  });
}

const maxMessageChars = 256;
