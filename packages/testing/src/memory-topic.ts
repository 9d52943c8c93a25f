import type { MemoryRecord } from "./memory-record.ts";

/** Where to begin reading, and until when. */
export interface ReadOptions {
  /** `true`: at the oldest record that the topic holds; `false`: at the next that comes. @default true */
  readonly fromBeginning?: boolean;
  /** Ends the reading at once: it throws the signal's reason. In a test, `AbortSignal.timeout(ms)` is a deadline. */
  readonly signal?: AbortSignal;
}

/**
 * A Kafka topic in memory: what a consumer of Maru would receive, in the order in which it came, which is the order in each
 * partition and in each room. Every reader has its own position; `maru.broker` is the same topic with groups and commits.
 *
 * @example
 * for await (const { key, offset, headers } of maru.topic) console.log(headers.ce_type, offset);
 */
export interface MemoryTopic<V extends Uint8Array | null = Uint8Array> extends AsyncIterable<MemoryRecord<V>> {
  readonly name: string;
  readonly partitionCount: number;
  /** What the topic holds now, the oldest first. A copy. */
  records(): MemoryRecord<V>[];
  /**
   * Waits for records, and ends after the last one once Maru is closed.
   *
   * @throws RecordsDroppedError when the reader was too far behind; the signal's reason
   */
  read(options?: ReadOptions): AsyncIterableIterator<MemoryRecord<V>>;
  /** Calls the listener with one record after the other, and waits for it. It runs outside of the call that sent. */
  subscribe(listener: RecordListener<V>, options?: Pick<ReadOptions, "fromBeginning">): TopicSubscription;
}

/** Is handed the records of a topic one by one; the next comes when its promise is fulfilled. */
export type RecordListener<V extends Uint8Array | null = Uint8Array> = (
  record: MemoryRecord<V>,
) => void | Promise<void>;

/** A listener that is being called. Made by `topic.subscribe`. */
export interface TopicSubscription extends AsyncDisposable {
  /**
   * Resolves after `close`, or when Maru was closed and the last record handed over. Rejects with what the listener threw,
   * or with `RecordsDroppedError`. Leave it unobserved, and Node ends the process with that error.
   */
  readonly done: Promise<void>;
  /** No further call of the listener; waits for the one that runs. Never rejects. A listener may call it, but not wait for it. */
  close(): Promise<void>;
}
