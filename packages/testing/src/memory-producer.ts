import {
  KafkaError,
  MessageTooLargeError,
  type OutgoingMessage,
  ProducerClosedError,
  partitionOf,
  type RoomProducer,
  SendAllError,
  type Stored,
} from "@maru/kafka";
import type { BrokerWeather } from "./broker-weather.ts";
import type { TopicLog } from "./topic-log.ts";

export interface MemoryProducerDeps {
  readonly logOf: (topic: string) => TopicLog;
  readonly maxMessageBytes: (topic: string) => number;
  readonly weather: BrokerWeather;
  readonly signal: AbortSignal | undefined;
}

const retryMs = 50;

/** What `startProducer` of `@maru/kafka` is to real brokers: one message of a partition after the other, again until it is stored. */
export function startMemoryProducer({ logOf, maxMessageBytes, weather, signal }: MemoryProducerDeps): RoomProducer {
  const lanes = new Map<string, Promise<unknown>>();
  let pendingBytes = 0;
  let closed = false;
  const refuseClosed = () => {
    if (closed || signal?.aborted) throw new ProducerClosedError();
  };

  async function send(topic: string, message: OutgoingMessage): Promise<Stored> {
    refuseClosed();
    refuseMalformed(topic, message);
    const log = logOf(topic);
    const sizeBytes = sizeOf(message);
    if (sizeBytes > maxMessageBytes(topic)) {
      throw new MessageTooLargeError(topic, sizeBytes, "the broker refused it");
    }
    const count = log.partitions.length;
    const partition = message.partition ?? partitionOf(message.key, count);
    if (partition >= count) throw new KafkaError(`topic ${topic} has no partition ${partition}`);
    const lane = `${topic}/${partition}`;
    const earlier = lanes.get(lane) ?? Promise.resolve();
    pendingBytes += sizeBytes;
    const sending = earlier
      .then(() => store(log, partition, message))
      .finally(() => {
        pendingBytes -= sizeBytes;
      });
    lanes.set(
      lane,
      sending.catch(() => {}),
    );
    return sending;
  }

  /** A lost answer makes a repeat, as a real producer does when it must begin anew. */
  async function store(log: TopicLog, partition: number, message: OutgoingMessage): Promise<Stored> {
    const { key, value, headers = {}, timestampMs } = message;
    for (;;) {
      refuseClosed();
      try {
        await weather.before("produce");
        const { offset } = log.append({ partition, key, value, headers: { ...headers }, timestampMs });
        await weather.after("produce");
        return { partition, offset: String(offset) };
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  async function sendAll(topic: string, messages: readonly OutgoingMessage[]): Promise<Stored[]> {
    const results = await Promise.allSettled(messages.map((message) => send(topic, message)));
    const failures = results.flatMap((r, index) => (r.status === "rejected" ? [{ index, error: r.reason }] : []));
    if (failures.length > 0) throw new SendAllError(failures, messages.length);
    return results.map((r) => (r as PromiseFulfilledResult<Stored>).value);
  }

  async function close(): Promise<void> {
    await Promise.all(lanes.values());
    closed = true;
  }

  return {
    send,
    sendAll,
    close,
    [Symbol.asyncDispose]: close,
    get pendingBytes() {
      return pendingBytes;
    },
  };
}

function refuseMalformed(topic: string, { key, value, partition = 0 }: OutgoingMessage): void {
  if (typeof topic !== "string" || topic === "") throw new TypeError("topic must be a non-empty string");
  if (!Number.isInteger(partition) || partition < 0) throw new TypeError("partition must be a whole number");
  if (typeof key !== "string" && !(key instanceof Uint8Array)) throw new TypeError("key must be a string or bytes");
  if (value !== null && !(value instanceof Uint8Array)) throw new TypeError("value must be bytes or null");
}

function sizeOf({ key, value, headers = {} }: OutgoingMessage): number {
  const texts = Object.entries(headers).flat().join("");
  return Buffer.byteLength(key) + (value?.byteLength ?? 0) + Buffer.byteLength(texts);
}
