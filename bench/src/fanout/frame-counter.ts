import type { Socket } from "node:net";

/** Counts what a server sends over WebSockets, as cheaply as can be: headers are read, and nothing else. */
export class FrameCounter {
  frames = 0;
  payloadBytes = 0;
  /** Told after each read. */
  onRead: (() => void) | undefined;

  watch(socket: Socket): void {
    let header: Buffer = Buffer.alloc(0);
    let left = 0;
    socket.on("data", (chunk: Buffer) => {
      let at = 0;
      while (at < chunk.length) {
        if (left > 0) {
          const taken = Math.min(left, chunk.length - at);
          left -= taken;
          at += taken;
          this.payloadBytes += taken;
          continue;
        }
        header =
          header.length === 0 ? chunk.subarray(at, at + 10) : Buffer.concat([header, chunk.subarray(at, at + 10)]);
        const before = header.length - Math.min(10, chunk.length - at);
        const found = toLength(header);
        if (found === undefined) {
          at = chunk.length;
          continue;
        }
        at += found.headerBytes - before;
        left = found.payloadBytes;
        header = Buffer.alloc(0);
        this.frames++;
      }
      this.onRead?.();
    });
  }
}

/** Of a frame that a server sent: it has no mask. Undefined while the header is not all there. */
function toLength(header: Buffer): { readonly headerBytes: number; readonly payloadBytes: number } | undefined {
  const short = (header[1] ?? 0) & 0x7f;
  if (header.length < 2) return undefined;
  if (short < 126) return { headerBytes: 2, payloadBytes: short };
  if (short === 126) return header.length < 4 ? undefined : { headerBytes: 4, payloadBytes: header.readUInt16BE(2) };
  return header.length < 10 ? undefined : { headerBytes: 10, payloadBytes: Number(header.readBigUInt64BE(2)) };
}
