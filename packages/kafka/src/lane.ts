import { type BatchBounds, halve, takeBatch } from "./batch.ts";
import { MessageTooLargeError, ProducerClosedError, SendRefusedError, type TopicPartition } from "./errors.ts";
import { failureKind } from "./failure.ts";
import { pause, unlessAborted } from "./waiting.ts";

/** A message that waits for its acknowledgement. */
export interface LaneItem<M> {
  message: M;
  sizeBytes: number;
  resolve(offset: string): void;
  reject(error: Error): void;
}

/** What a lane needs. */
export interface LaneContext<M> extends TopicPartition, BatchBounds {
  /** Sends one batch once; resolves with the offset of its first message when all in-sync replicas have it. */
  attempt(batch: readonly M[]): Promise<string>;
  onRetry(error: unknown): void;
  /** Ends retries: what is not confirmed is rejected. */
  signal: AbortSignal;
}

/** The only way into one partition: one batch in flight, and a failed one is sent again, unchanged, before anything later. */
export class Lane<M> {
  readonly #context: LaneContext<M>;
  readonly #queue: LaneItem<M>[] = [];
  #running = false;

  constructor(context: LaneContext<M>) {
    this.#context = context;
  }

  push(item: LaneItem<M>): void {
    this.#queue.push(item);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    await null; // what is pushed in the same turn goes into the same batch
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) await this.#deliver(batch);
    this.#running = false;
  }

  #take(): LaneItem<M>[] {
    return takeBatch(this.#queue, this.#context);
  }

  async #deliver(batch: LaneItem<M>[]): Promise<void> {
    const { attempt, onRetry, signal } = this.#context;
    const messages = batch.map((item) => item.message);
    for (let tries = 1; ; tries++) {
      try {
        const baseOffset = BigInt(await unlessAborted(signal, () => attempt(messages)));
        for (const [index, item] of batch.entries()) item.resolve(String(baseOffset + BigInt(index)));
        return;
      } catch (error) {
        if (signal.aborted) return rejectAll(batch, new ProducerClosedError());
        const kind = failureKind(error);
        if (kind === "too-large") return this.#refuseTooLarge(batch, error);
        // What waits behind goes with it: sent alone it could be in the topic before what it follows.
        if (kind === "refused")
          return rejectAll(this.#withAllBehind(batch), new SendRefusedError(this.#context, error));
        onRetry(error);
        await pause(retryDelayMs(tries), signal);
      }
    }
  }

  #withAllBehind(batch: LaneItem<M>[]): LaneItem<M>[] {
    return [...batch, ...this.#queue.splice(0)];
  }

  async #refuseTooLarge(batch: LaneItem<M>[], cause: unknown): Promise<void> {
    const [only, ...others] = batch;
    if (only && others.length === 0) {
      only.reject(new MessageTooLargeError(this.#context.topic, only.sizeBytes, "the broker refused it", cause));
      return;
    }
    for (const half of halve(batch)) await this.#deliver(half);
  }
}

function rejectAll<M>(batch: LaneItem<M>[], error: Error): void {
  for (const item of batch) item.reject(error);
}

function retryDelayMs(tries: number): number {
  return Math.min(1000, 25 * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2);
}
