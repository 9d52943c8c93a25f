import type { Admin } from "kafkajs";
import { askBrokers, partitionCountOf } from "./admin.ts";
import { type KafkaConnection, openKafka } from "./connection.ts";
import { ConnectError, KafkaError, MessageTooLargeError, ProducerClosedError, SendAllError } from "./errors.ts";
import { Lane } from "./lane.ts";
import { partitionOf } from "./partition.ts";
import { PendingBytes } from "./pending-bytes.ts";
import { type PreparedMessage, SessionPool } from "./session-pool.ts";
import { within } from "./waiting.ts";

/** A message to send. Its buffers must not change until the send has settled: they may be sent again. */
export interface OutgoingMessage {
  /** Decides the partition; messages of one key keep the order in which they were sent. */
  key: string | Uint8Array;
  /** `null` is a tombstone. */
  value: Uint8Array | null;
  headers?: Record<string, string>;
  /** The partition, for a topic whose keys do not decide it. Left out: that of the key. */
  partition?: number;
  /** Milliseconds since 1970; now, if left out. */
  timestampMs?: number;
}

/** Where a message was stored. */
export interface Stored {
  partition: number;
  offset: string;
}

/** A producer that loses no acknowledged message when leaders move, and keeps the order of each key. */
export interface RoomProducer extends AsyncDisposable {
  /**
   * Sends one message; resolves when all in-sync replicas have it. Retries for as long as it takes.
   * @throws UnknownTopicError, MessageTooLargeError, SendRefusedError, ProducerClosedError
   */
  send(topic: string, message: OutgoingMessage): Promise<Stored>;
  /**
   * Sends many; resolves, in their order, when all in-sync replicas have every one.
   * @throws SendAllError when some failed; the others are stored
   */
  sendAll(topic: string, messages: readonly OutgoingMessage[]): Promise<Stored[]>;
  /** Bytes that were accepted and are not yet acknowledged. */
  readonly pendingBytes: number;
  /** Accepts nothing more, waits for what is pending (at most `drainTimeoutMs`; what is left is rejected), disconnects. */
  close(): Promise<void>;
}

/** Options of {@link startProducer}. */
export interface ProducerOptions extends KafkaConnection {
  /** Bytes of one produce request at most. Default 512 KiB; the broker's own default limit is 1 MiB. */
  maxBatchBytes?: number;
  /** Messages of one produce request at most. Default 500. */
  maxBatchCount?: number;
  /** Unacknowledged bytes at most; further sends wait for room. Default 32 MiB. */
  maxPendingBytes?: number;
  /** Over how many idempotent producers, each with its own connections, the partitions are spread. Default 4. */
  sessionCount?: number;
  /** How long `close` waits for what is pending, in milliseconds. Default 10,000. */
  drainTimeoutMs?: number;
  /** Ends all retries when it aborts, as `close` does without draining. */
  signal?: AbortSignal;
  /** Is told of every failed attempt that will be repeated. */
  onRetry?: (error: unknown) => void;
  /** Internal: `false` lets a test show what is lost without the check of the broker's answer. Default true. */
  verifyAnswer?: boolean;
}

/**
 * Starts a producer. Each partition has a lane of its own with one request in flight; a request carries one partition only;
 * a broker's answer that does not name it counts as a failure; a failed request is sent again, the same, before anything later.
 *
 * @throws ConnectError when no broker can be reached
 * @example
 * await using producer = await startProducer({ brokers: ["localhost:9092"], clientId: "relay" });
 * const { partition, offset } = await producer.send("maru.room-events.v1", { key: roomId, value: bytes });
 */
export async function startProducer(options: ProducerOptions): Promise<RoomProducer> {
  const kafka = openKafka(options);
  const sessions = new SessionPool(kafka, options.sessionCount ?? 4, options.verifyAnswer ?? true);
  try {
    await sessions.connect();
  } catch (error) {
    throw new ConnectError(options.brokers, error);
  }

  const maxPendingBytes = options.maxPendingBytes ?? 32 * 1024 * 1024;
  const pending = new PendingBytes(maxPendingBytes);
  const lanes = new Map<string, Lane<PreparedMessage>>();
  const partitionCounts = new Map<string, Promise<number>>();
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const onRetry = (error: unknown) => reportTo(options.onRetry, error);
  const underWay = new Set<Promise<Stored>>();
  let closing: Promise<void> | undefined;

  function partitionCount(topic: string): Promise<number> {
    let count = partitionCounts.get(topic);
    if (!count) {
      const ask = (admin: Admin) => partitionCountOf(admin, topic);
      count = askBrokers(kafka, `read the partitions of ${topic}`, ask, { signal, onRetry });
      count.catch(() => partitionCounts.delete(topic));
      partitionCounts.set(topic, count);
    }
    return count;
  }

  function laneOf(topic: string, partition: number): Lane<PreparedMessage> {
    const name = `${topic}/${partition}`;
    let lane = lanes.get(name);
    if (!lane) {
      lane = new Lane({
        topic,
        partition,
        maxBatchBytes: options.maxBatchBytes ?? 512 * 1024,
        maxBatchCount: options.maxBatchCount ?? 500,
        attempt: (batch) => sessions.send({ topic, partition }, [...batch]),
        onRetry,
        signal,
      });
      lanes.set(name, lane);
    }
    return lane;
  }

  async function send(topic: string, message: OutgoingMessage): Promise<Stored> {
    if (closing || signal.aborted) throw new ProducerClosedError();
    const sending = sendAccepted(topic, message);
    underWay.add(sending);
    try {
      return await sending;
    } finally {
      underWay.delete(sending);
    }
  }

  async function sendAccepted(topic: string, message: OutgoingMessage): Promise<Stored> {
    refuseMalformed(topic, message);
    const sizeBytes = sizeOf(message);
    if (sizeBytes > maxPendingBytes) {
      throw new MessageTooLargeError(topic, sizeBytes, `the producer holds ${maxPendingBytes} bytes at most`);
    }
    const count = await partitionCount(topic);
    const partition = message.partition ?? partitionOf(message.key, count);
    if (partition >= count) throw new KafkaError(`topic ${topic} has no partition ${partition}`);
    const prepared = prepare(message, partition);
    await pending.take(sizeBytes);
    try {
      if (signal.aborted) throw new ProducerClosedError();
      const offset = await new Promise<string>((resolve, reject) => {
        laneOf(topic, partition).push({ message: prepared, sizeBytes, resolve, reject });
      });
      return { partition, offset };
    } finally {
      pending.release(sizeBytes);
    }
  }

  async function sendAll(topic: string, messages: readonly OutgoingMessage[]): Promise<Stored[]> {
    const results = await Promise.allSettled(messages.map((message) => send(topic, message)));
    const failures = results.flatMap((r, index) => (r.status === "rejected" ? [{ index, error: r.reason }] : []));
    if (failures.length > 0) throw new SendAllError(failures, messages.length);
    return results.map((r) => (r as PromiseFulfilledResult<Stored>).value);
  }

  function close(): Promise<void> {
    closing ??= (async () => {
      await within(options.drainTimeoutMs ?? 10_000, Promise.allSettled(underWay));
      stop.abort();
      pending.open();
      await sessions.close();
    })();
    return closing;
  }

  return {
    send,
    sendAll,
    close,
    [Symbol.asyncDispose]: close,
    get pendingBytes() {
      return pending.bytes;
    },
  };
}

/** What a callback throws is not the lane's error: it surfaces as an uncaught exception. */
function reportTo(callback: ((error: unknown) => void) | undefined, error: unknown): void {
  try {
    callback?.(error);
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

function refuseMalformed(topic: string, message: OutgoingMessage): void {
  if (typeof topic !== "string" || topic === "") throw new TypeError("topic must be a non-empty string");
  const { key, value, partition = 0 } = message;
  if (!Number.isInteger(partition) || partition < 0) throw new TypeError("partition must be a whole number");
  if (typeof key !== "string" && !(key instanceof Uint8Array)) throw new TypeError("key must be a string or bytes");
  if (value !== null && !(value instanceof Uint8Array)) throw new TypeError("value must be bytes or null");
}

const RECORD_OVERHEAD_BYTES = 32;

function sizeOf(message: OutgoingMessage): number {
  let sizeBytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(message.key) + (message.value?.byteLength ?? 0);
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 4;
  }
  return sizeBytes;
}

function prepare(message: OutgoingMessage, partition: number): PreparedMessage {
  return {
    partition,
    key: typeof message.key === "string" ? message.key : toBuffer(message.key),
    value: message.value === null ? null : toBuffer(message.value),
    timestamp: String(message.timestampMs ?? Date.now()),
    ...(message.headers === undefined ? {} : { headers: { ...message.headers } }),
  };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
