/** The tag of a field that holds a number, as it stands before the value. */
export const numberTag = (fieldNumber: number) => fieldNumber << 3;
/** The tag of a field that holds a text or a message. */
export const lengthTag = (fieldNumber: number) => (fieldNumber << 3) | 2;

const SECONDS = numberTag(1);
const NANOS = numberTag(2);

/**
 * Walks over serialized protobuf without making anything of it. Knows what is written when nothing is unusual, and says `-1` or
 * `false` to all else, also to some of what is allowed: whoever scans then leaves it to the real decoder.
 */
export class WireScan {
  readonly bytes: Uint8Array;
  pos = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A tag, a length or a number, as an unsigned number of 32 bits; `-1` when it is longer, or cut off. */
  number(): number {
    const { bytes } = this;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.pos >= bytes.length) return -1;
      const byte = bytes[this.pos++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.pos < bytes.length ? (bytes[this.pos++] as number) : 0xff;
    return last > 0x0f ? -1 : value + last * 2 ** 28;
  }

  /** Where the value ends that begins here with its length; `-1` when there is not so much. */
  end(): number {
    const length = this.number();
    const end = this.pos + length;
    return length < 0 || end > this.bytes.length ? -1 : end;
  }

  /** Steps over a text that is ASCII: of any other, only a decoder knows whether it is one. */
  text(): boolean {
    const end = this.end();
    if (end < 0) return false;
    const { bytes } = this;
    for (let at = this.pos; at < end; at++) if ((bytes[at] as number) > 0x7f) return false;
    this.pos = end;
    return true;
  }

  /** Steps over a text that is ASCII, and the same as another. */
  textLike(other: Uint8Array): boolean {
    const end = this.end();
    if (end - this.pos !== other.length || !this.isAt(this.pos, other)) return false;
    this.pos = end;
    return true;
  }

  /** Whether these bytes stand there, and are ASCII. */
  isAt(pos: number, other: Uint8Array): boolean {
    const { bytes } = this;
    for (let at = 0; at < other.length; at++) {
      const byte = other[at] as number;
      if (byte > 0x7f || byte !== bytes[pos + at]) return false;
    }
    return true;
  }

  /** Steps over a `google.protobuf.Timestamp`. */
  timestamp(): boolean {
    const end = this.end();
    if (end < 0) return false;
    if (this.pos < end && this.bytes[this.pos] === SECONDS) {
      this.pos++;
      if (this.number() < 0) return false;
    }
    if (this.pos < end && this.bytes[this.pos] === NANOS) {
      this.pos++;
      if (this.number() < 0) return false;
    }
    return this.pos === end;
  }
}

/** A text of ASCII. */
export function asciiText(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("latin1");
}
