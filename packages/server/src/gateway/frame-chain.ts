import type { EncodedFrame } from "./encoded-frame.ts";
import { toWebSocketFrame } from "./web-socket-frame.ts";
import { protobufEncoding, type WireEncoding } from "./wire-encoding.ts";

/** A message never grows beyond that by joining. */
const maxJoinedBytes = 256 * 1024;

/**
 * Frames that wait for the end of the tick. Sockets for which the same frames wait share a chain, and with it what was
 * joined for one of them: for a room's frame nothing is made for each socket.
 */
export class FrameChain {
  readonly length: number;
  readonly #before: FrameChain | undefined;
  readonly #frame: EncodedFrame | undefined;
  #longer: FrameChain | undefined = undefined;
  #protobuf: readonly Uint8Array[] | undefined = undefined;
  #json: readonly Uint8Array[] | undefined = undefined;
  #protobufFrames: readonly Buffer[] | undefined = undefined;
  #jsonFrames: readonly Buffer[] | undefined = undefined;

  constructor(before?: FrameChain, frame?: EncodedFrame) {
    this.#before = before;
    this.#frame = frame;
    this.length = before === undefined ? 0 : before.length + 1;
  }

  /** The chain with one frame more: the same one for those who ask for the same frame one after the other. */
  with(frame: EncodedFrame): FrameChain {
    let longer = this.#longer;
    if (longer === undefined || longer.#frame !== frame) {
      longer = new FrameChain(this, frame);
      this.#longer = longer;
    }
    return longer;
  }

  /** All frames, joined to as few messages as may be. */
  messages(encoding: WireEncoding): readonly Uint8Array[] {
    if (encoding === protobufEncoding) {
      this.#protobuf ??= joinFrames(this.#frames(), encoding);
      return this.#protobuf;
    }
    this.#json ??= joinFrames(this.#frames(), encoding);
    return this.#json;
  }

  /** The same as frames of WebSocket. */
  webSocketFrames(encoding: WireEncoding): readonly Buffer[] {
    if (encoding === protobufEncoding) {
      this.#protobufFrames ??= this.messages(encoding).map((message) => toWebSocketFrame(message, true));
      return this.#protobufFrames;
    }
    this.#jsonFrames ??= this.messages(encoding).map((message) => toWebSocketFrame(message, false));
    return this.#jsonFrames;
  }

  #frames(): EncodedFrame[] {
    const frames: EncodedFrame[] = [];
    for (let chain: FrameChain | undefined = this; chain !== undefined; chain = chain.#before) {
      if (chain.#frame !== undefined) frames.push(chain.#frame);
    }
    return frames.reverse();
  }
}

export function joinFrames(
  frames: readonly EncodedFrame[],
  encoding: WireEncoding,
  maxBytes = maxJoinedBytes,
): Uint8Array[] {
  if (frames.length === 1) return [encoding.join(frames)];
  const messages: Uint8Array[] = [];
  let from = 0;
  let joinedBytes = 0;
  for (const [at, frame] of frames.entries()) {
    const sizeBytes = encoding.sizeBytes(frame);
    if (at > from && joinedBytes + sizeBytes > maxBytes) {
      messages.push(encoding.join(frames.slice(from, at)));
      from = at;
      joinedBytes = 0;
    }
    joinedBytes += sizeBytes;
  }
  if (from < frames.length) messages.push(encoding.join(frames.slice(from)));
  return messages;
}
