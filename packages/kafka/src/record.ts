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

/** Most of those who read records never look at their headers: these become texts when somebody does. */
class KafkaRecord implements ConsumedRecord {
  topic: string;
  partition: number;
  offset: bigint;
  key: Uint8Array | null;
  value: Uint8Array | null;
  timestampMs: number;
  readonly #raw: KafkaMessage["headers"];
  #headers: Record<string, string> | undefined;

  constructor({ topic, partition }: TopicPartition, { offset, key, value, timestamp, headers }: KafkaMessage) {
    this.topic = topic;
    this.partition = partition;
    this.offset = BigInt(offset);
    this.key = key;
    this.value = value;
    this.timestampMs = Number(timestamp);
    this.#raw = headers;
  }

  get headers(): Record<string, string> {
    this.#headers ??= toHeaders(this.#raw ?? {});
    return this.#headers;
  }

  set headers(headers: Record<string, string>) {
    this.#headers = headers;
  }
}

/** Converts what kafkajs hands over. */
export function toRecord(at: TopicPartition, message: KafkaMessage): ConsumedRecord {
  return new KafkaRecord(at, message);
}

function toHeaders(raw: NonNullable<KafkaMessage["headers"]>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(raw)) {
    const value = Array.isArray(values) ? values.at(-1) : values;
    if (value !== undefined) headers[name] = value.toString();
  }
  return headers;
}
