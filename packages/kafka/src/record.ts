import type { KafkaMessage } from "kafkajs";
import type { TopicPartition } from "./errors.ts";

/** A record as it was read. */
export interface ConsumedRecord extends TopicPartition {
  offset: bigint;
  key: Uint8Array | null;
  /** `null` is a tombstone. */
  value: Uint8Array | null;
  /** The last value of each header, as UTF-8. */
  headers: Record<string, string>;
  /** Milliseconds since 1970. */
  timestampMs: number;
}

/** Converts what kafkajs hands over. */
export function toRecord(at: TopicPartition, message: KafkaMessage): ConsumedRecord {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(message.headers ?? {})) {
    const value = Array.isArray(values) ? values.at(-1) : values;
    if (value !== undefined) headers[name] = value.toString();
  }
  const { key, value, timestamp } = message;
  return { ...at, offset: BigInt(message.offset), key, value, headers, timestampMs: Number(timestamp) };
}
