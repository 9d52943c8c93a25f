import type { AnyEvent, EventContext, GapEvent } from "./handlers.ts";
import { LoopLeftError } from "./loop-left-error.ts";
import type { SubscribeOptions } from "./options.ts";
import { type ConsumedPartition, type EntrySource, type RoomConsumer, subscribe } from "./subscribe.ts";

/** One turn of the loop. */
export interface Delivered<Tx = undefined> {
  /** `event.kind` tells what it is; `gap` stands for entries that cannot be had. */
  readonly event: AnyEvent | GapEvent;
  readonly ctx: EventContext<Tx>;
  /** The event is done, although the loop may be left. Without it, an event is done when the loop asks for the next one. */
  readonly done: () => void;
  /** The event failed: it comes again, or `onFailure` says what becomes of it, as if a handler had thrown. */
  readonly failed: (error: unknown) => void;
}

/** Events for one loop. Made by {@link consume}. */
export interface EventLoop<Tx = undefined> extends AsyncIterable<Delivered<Tx>>, AsyncDisposable {
  /** See `RoomConsumer`; empty before the loop has begun. */
  readonly partitions: readonly ConsumedPartition[];
  /**
   * Ends the loop when it asks for the next event; that which it is at then counts as done. Resolves when all is committed and
   * the group left: not to be waited for inside of the loop. Never rejects.
   */
  close(): Promise<void>;
}

/** Options of {@link consume}: those of {@link subscribe}. A loop handles one event at a time. */
export type ConsumeOptions<Tx = undefined> = Omit<SubscribeOptions<Tx>, "maxInFlight">;

/**
 * The events of rooms for `for await`: what `subscribe` is for handlers, with the same order, retries, healing and commits, one
 * event at a time. An event counts as done when the loop asks for the next one. Leaving the loop (`break`, `return`, a thrown
 * error) stops gracefully; the event that it was at comes again, unless `done()` was called. Events of different rooms do not go
 * side by side: where that matters, use `subscribe`. The consumer starts with the loop, and can be looped over once.
 *
 * @throws in the loop, what stopped the consumer: see `RoomConsumer.done`
 * @example
 * for await (const { event, failed } of consume(maru, { brokers: ["localhost:9092"], group: "push" })) {
 *   if (event.kind !== "messageSent") continue;
 *   await push(event.roomId, event.seq, event.body.content).catch(failed);
 * }
 */
export function consume<Tx = undefined>(maru: EntrySource, options: ConsumeOptions<Tx>): EventLoop<Tx> {
  const waiting: Delivered<Tx>[] = [];
  let wake = Promise.withResolvers<void>();
  let current: Delivered<Tx> | undefined;
  let consumer: Promise<RoomConsumer> | undefined;
  let running: RoomConsumer | undefined;
  let ended: { error?: unknown } | undefined;
  let isClosed = false;
  let leave: () => void = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(new LoopLeftError());
  });
  left.catch(() => {});

  function handle(event: AnyEvent | GapEvent, ctx: EventContext<Tx>): Promise<unknown> {
    const turn = Promise.withResolvers<void>();
    waiting.push({ event, ctx, done: () => turn.resolve(), failed: (error) => turn.reject(error) });
    wake.resolve();
    return Promise.race([turn.promise, left]);
  }

  function end(how: { error?: unknown }): void {
    ended = how;
    wake.resolve();
  }

  async function start(): Promise<RoomConsumer> {
    const handlers = { any: handle, gap: handle };
    running = await subscribe<Tx>(maru, { ...options, maxInFlight: 1 }, handlers);
    running.done.then(
      () => end({}),
      (error) => end({ error }),
    );
    if (isClosed) void running.close();
    return running;
  }

  async function next(): Promise<IteratorResult<Delivered<Tx>, undefined>> {
    current?.done();
    current = undefined;
    if (isClosed && !consumer) return { done: true, value: undefined };
    consumer ??= start();
    await consumer;
    for (;;) {
      if (isClosed) leave(); // what waits is not handed over, and comes again
      current = isClosed ? undefined : waiting.shift();
      if (current) return { done: false, value: current };
      if (ended?.error !== undefined) throw ended.error;
      if (ended) return { done: true, value: undefined };
      await wake.promise;
      wake = Promise.withResolvers();
    }
  }

  async function close(): Promise<void> {
    isClosed = true;
    wake.resolve();
    await (running?.close() ?? consumer?.then((started) => started.close()).catch(() => {}));
  }

  return {
    get partitions() {
      return running?.partitions ?? [];
    },
    close,
    [Symbol.asyncDispose]: close,
    [Symbol.asyncIterator]() {
      if (consumer) throw new TypeError("consume: its events can be looped over once");
      return {
        next,
        async return() {
          const closing = close(); // first, so that what the loop was at is left, and not tried again
          leave();
          await closing;
          return { done: true, value: undefined };
        },
      };
    },
  };
}
