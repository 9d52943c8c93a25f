/** A whole message of a server as a WebSocket frame: header and payload in one, to be written at once (RFC 6455, 5.2). */
export function toWebSocketFrame(payload: Uint8Array, isBinary: boolean): Buffer {
  const { length } = payload;
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = 0x80 | (isBinary ? 2 : 1);
  frame[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (headerBytes === 4) frame.writeUInt16BE(length, 2);
  if (headerBytes === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, headerBytes);
  return frame;
}
