import type { Checkpoint } from "../store/control.ts";
import type { EventSink } from "./event-sink.ts";
import type { OutgoingEvent } from "./to-event.ts";

/** At most one batch is being sent while the next is being filled. Each call throws what the batch before failed with. */
export interface EventPipeline {
  /** Waits when a batch is full and the one before is not yet acknowledged. */
  add(event: OutgoingEvent): Promise<void>;
  /** All events of the record at `position`, and of those before it, have been added. */
  mark(position: Checkpoint): void;
  /** Sends what has been added, once the batch before is acknowledged. */
  flush(): Promise<void>;
  /** Sends what has been added and waits until it is acknowledged. */
  settle(): Promise<void>;
  /** Waits until nothing is under way, whether it failed or not. */
  idle(): Promise<void>;
}

export interface EventPipelineOptions {
  readonly sink: EventSink;
  readonly maxBatchBytes: number;
  /** Everything up to the position is acknowledged. */
  readonly onAcknowledged: (position: Checkpoint) => void;
}

export function createEventPipeline({ sink, maxBatchBytes, onAcknowledged }: EventPipelineOptions): EventPipeline {
  let batch: OutgoingEvent[] = [];
  let batchBytes = 0;
  let position: Checkpoint | undefined;
  let sending: Promise<void> = Promise.resolve();

  async function send(events: readonly OutgoingEvent[], upTo: Checkpoint | undefined): Promise<void> {
    if (events.length > 0) await sink.send(events);
    if (upTo !== undefined) onAcknowledged(upTo);
  }

  async function flush(): Promise<void> {
    await sending;
    if (batch.length === 0 && position === undefined) return;
    sending = send(batch, position);
    // The next call throws it; until then it must not count as unhandled.
    sending.catch(() => undefined);
    batch = [];
    batchBytes = 0;
    position = undefined;
  }

  return {
    async add(event) {
      batch.push(event);
      batchBytes += event.value.byteLength;
      if (batchBytes >= maxBatchBytes) await flush();
    },
    mark(reached) {
      position = reached;
    },
    flush,
    async settle() {
      await flush();
      await sending;
    },
    idle: () => sending.catch(() => undefined),
  };
}
