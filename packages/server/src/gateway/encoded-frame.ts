import { create, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type ServerFrame, ServerFrameSchema, ServerFramesSchema } from "@maru/protocol/realtime";

/** A frame that is encoded once for each encoding that somebody wants, however many sockets it goes to. */
export interface EncodedFrame {
  /** The frame as a field of ServerFrames: several of them one after the other are a ServerFrames. */
  protobuf(): Uint8Array;
  /** The frame as an element of ServerFrames.frames. */
  json(): string;
}

export function encodeFrame(kind: MessageInitShape<typeof ServerFrameSchema>["kind"] & object): EncodedFrame {
  return new OnceEncoded(create(ServerFrameSchema, { kind }));
}

class OnceEncoded implements EncodedFrame {
  readonly #frame: ServerFrame;
  #bytes: Uint8Array | undefined = undefined;
  #text: string | undefined = undefined;

  constructor(frame: ServerFrame) {
    this.#frame = frame;
  }

  protobuf(): Uint8Array {
    this.#bytes ??= asBuffer(toBinary(ServerFramesSchema, create(ServerFramesSchema, { frames: [this.#frame] })));
    return this.#bytes;
  }

  json(): string {
    this.#text ??= toJsonString(ServerFrameSchema, this.#frame);
    return this.#text;
  }
}

/** Of the same memory. A socket would make one for itself each time that it sends other bytes. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
