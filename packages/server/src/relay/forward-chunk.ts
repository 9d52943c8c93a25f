import { encode } from "@msgpack/msgpack";
import type { OutgoingEvent } from "./to-event.ts";

/**
 * An event as an entry of the forward protocol (v1): its time and a map with `topic`, `key`, `value` and `headers`. The value
 * is of the type str, although it holds bytes: Fluent Bit's output to Kafka takes no other (`raw_log_key`).
 */
export function toForwardEntry({ topic, key, value, headers }: OutgoingEvent, atMs: number): Uint8Array {
  return Buffer.concat([
    bytes(0x92),
    eventTime(atMs),
    bytes(0x84),
    ...["topic", topic, "key", key, "value"].map((text) => encode(text)),
    stringHeader(value.byteLength),
    value,
    encode("headers"),
    encode(headers),
  ]);
}

/** Entries in one message of the mode PackedForward. A receiver that has stored them answers with the chunk's id. */
export function toForwardChunk(entries: readonly Uint8Array[], { tag, chunkId }: { tag: string; chunkId: string }) {
  return Buffer.concat([
    bytes(0x93),
    encode(tag),
    encode(Buffer.concat(entries)),
    encode({ chunk: chunkId, size: entries.length }),
  ]);
}

/** Extension type 0: seconds and nanoseconds, 32 bits each. */
function eventTime(atMs: number): Uint8Array {
  const time = Buffer.alloc(10);
  time.writeUInt8(0xd7, 0);
  time.writeUInt32BE(Math.floor(atMs / 1000), 2);
  time.writeUInt32BE(Math.floor((atMs % 1000) * 1_000_000), 6);
  return time;
}

function stringHeader(lengthBytes: number): Uint8Array {
  if (lengthBytes < 32) return bytes(0xa0 | lengthBytes);
  if (lengthBytes < 0x1_00) return bytes(0xd9, lengthBytes);
  const header = Buffer.alloc(5);
  header.writeUInt8(0xdb, 0);
  header.writeUInt32BE(lengthBytes, 1);
  return header;
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}
