import type { MemoryRecord } from "./memory-record.ts";
import type { RecordListener, TopicSubscription } from "./memory-topic.ts";

/** Calls the listener with all that `read` gives. */
export function subscribeTo<V extends Uint8Array | null>(
  read: (signal: AbortSignal) => AsyncIterable<MemoryRecord<V>>,
  listener: RecordListener<V>,
): TopicSubscription {
  const stopping = new AbortController();
  const { signal } = stopping;
  const records = read(signal);

  async function run(): Promise<void> {
    try {
      for await (const record of records) await listener(record);
    } catch (error) {
      if (error !== signal.reason || !signal.aborted) throw error;
    }
  }
  const done = run();
  const close = async () => {
    stopping.abort();
    await done.catch(() => {}); // `done` has the error
  };
  return { done, close, [Symbol.asyncDispose]: close };
}
