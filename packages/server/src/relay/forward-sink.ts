import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventSink } from "./event-sink.ts";
import { toForwardChunk, toForwardEntry } from "./forward-chunk.ts";
import {
  connectForward,
  type ForwardAddress,
  type ForwardConnection,
  ForwardConnectionError,
  ForwardRefusedError,
  type ForwardTimeouts,
} from "./forward-connection.ts";
import { ShardBlockedError } from "./shard-blocked.ts";
import type { OutgoingEvent } from "./to-event.ts";

export interface ForwardSinkOptions extends Partial<ForwardTimeouts> {
  readonly address: ForwardAddress;
  /** What the agent's configuration matches. Default `maru`. */
  readonly tag?: string;
  /** A chunk is closed when it has so many bytes; the agent's `Buffer_Max_Size` must be more. Default 1 MiB. */
  readonly maxChunkBytes?: number;
  /** What is held that the agent has not acknowledged; further events wait. Default 16 MiB. */
  readonly maxPendingBytes?: number;
  /** Is told of every failed attempt that will be repeated. */
  readonly onRetry?: (error: unknown) => void;
}

export interface ForwardSink extends EventSink, AsyncDisposable {
  readonly pendingBytes: number;
}

interface Waiting {
  readonly entry: Uint8Array;
  readonly stored: PromiseWithResolvers<void>;
}

const DEFAULTS = {
  tag: "maru",
  maxChunkBytes: 1024 * 1024,
  maxPendingBytes: 16 * 1024 * 1024,
  connectTimeoutMs: 5_000,
  ackTimeoutMs: 10_000,
};

/**
 * Sends events to an agent, chunk by chunk: one is under way at a time, and a failed one is sent again, the same with the
 * same id, before anything later. What an agent has acknowledged it holds alone: docs/fluent-bit.md.
 */
export function createForwardSink(options: ForwardSinkOptions): ForwardSink {
  const { address, tag, maxChunkBytes, maxPendingBytes, onRetry, ...timeouts } = { ...DEFAULTS, ...options };
  const stop = new AbortController();
  const queue: Waiting[] = [];
  let connection: ForwardConnection | undefined;
  let pendingBytes = 0;
  let roomMade = Promise.withResolvers<void>();
  let admission: Promise<unknown> = Promise.resolve();
  let running: Promise<void> | undefined;

  /** In the order of the calls, also while they wait for room. */
  function admit(events: readonly OutgoingEvent[]): Promise<Waiting[]> {
    const admitted = admission.then(async () => {
      const waiting: Waiting[] = [];
      for (const event of events) {
        const entry = toForwardEntry(event, Date.now());
        while (!fits(entry.byteLength)) await roomMade.promise;
        waiting.push(enqueue(entry));
      }
      return waiting;
    });
    admission = admitted.catch(() => undefined);
    return admitted;
  }

  function fits(sizeBytes: number): boolean {
    stop.signal.throwIfAborted();
    if (sizeBytes > maxPendingBytes) throw refused(`an event of ${sizeBytes} bytes is more than may be held`);
    return pendingBytes + sizeBytes <= maxPendingBytes;
  }

  function enqueue(entry: Uint8Array): Waiting {
    pendingBytes += entry.byteLength;
    const waiting = { entry, stored: Promise.withResolvers<void>() };
    // Whoever sent it waits for it later; until then a failure must not count as unhandled.
    waiting.stored.promise.catch(() => undefined);
    queue.push(waiting);
    running ??= run();
    return waiting;
  }

  async function run(): Promise<void> {
    await null; // what is sent in the same turn goes into the same chunk
    for (let batch = take(); batch.length > 0; batch = take()) {
      try {
        await deliver(batch.map(({ entry }) => entry));
        settle(batch, ({ stored }) => stored.resolve());
      } catch (error) {
        // What waits behind goes with it: sent alone it could be stored before what it follows.
        settle([...batch, ...queue.splice(0)], ({ stored }) => stored.reject(error));
      }
    }
    running = undefined;
  }

  function take(): Waiting[] {
    let count = 0;
    for (let sizeBytes = 0; count < queue.length && sizeBytes < maxChunkBytes; count++)
      sizeBytes += queue[count]?.entry.byteLength ?? 0;
    return queue.splice(0, count);
  }

  function settle(batch: readonly Waiting[], how: (waiting: Waiting) => void): void {
    for (const waiting of batch) {
      pendingBytes -= waiting.entry.byteLength;
      how(waiting);
    }
    roomMade.resolve();
    roomMade = Promise.withResolvers();
  }

  async function deliver(entries: readonly Uint8Array[]): Promise<void> {
    const chunkId = randomBytes(16).toString("base64");
    const chunk = toForwardChunk(entries, { tag, chunkId });
    for (let tries = 1; ; tries++) {
      stop.signal.throwIfAborted();
      try {
        connection ??= await connectForward(address, timeouts, stop.signal);
        await connection.send(chunk, chunkId);
        return;
      } catch (error) {
        connection?.close();
        connection = undefined;
        stop.signal.throwIfAborted();
        if (error instanceof ForwardRefusedError) throw refused(error.message, error);
        onRetry?.(error);
        await sleep(retryDelayMs(tries), undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  }

  return {
    get pendingBytes() {
      return pendingBytes;
    },
    async send(events) {
      const waiting = await admit(events);
      await Promise.all(waiting.map(({ stored }) => stored.promise));
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new ForwardConnectionError("the sink was closed before the agent had everything"));
      roomMade.resolve();
      connection?.close();
      await running;
    },
  };
}

function refused(message: string, cause?: unknown): ShardBlockedError {
  return new ShardBlockedError("refused_by_agent", message, cause);
}

function retryDelayMs(tries: number): number {
  return Math.min(1_000, 25 * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2);
}
