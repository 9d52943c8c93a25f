import type { Entry } from "@maru/protocol";
import type { Publisher } from "./realtime.ts";

export interface PublishQueueOptions {
  readonly publisher: Pick<Publisher, "publishEntries">;
  /** Of all rooms together. */
  readonly maxEntries: number;
  /** Told of entries that are left to the gateways, which publish from the topic what no server did. */
  readonly onDropped: (count: number, error?: unknown) => void;
}

/** Publishes what this process stores, beside the calls: room by room in order, what waits for one room together. */
export interface PublishQueue {
  /** Neither waits nor throws. */
  add(entry: Entry): void;
  readonly size: number;
  /** Resolves when nothing waits any more. */
  settle(): Promise<void>;
}

export function createPublishQueue({ publisher, maxEntries, onDropped }: PublishQueueOptions): PublishQueue {
  /** Rooms that are being published; what has come meanwhile. */
  const waiting = new Map<string, Entry[]>();
  const running = new Set<Promise<void>>();
  let size = 0;

  async function publish(roomId: string, first: Entry): Promise<void> {
    for (let entries = [first]; entries.length > 0; ) {
      try {
        await publisher.publishEntries(entries);
        size -= entries.length;
      } catch (error) {
        // What follows would be published without it, and be a hole that everybody has to fill.
        entries.push(...(waiting.get(roomId)?.splice(0) ?? []));
        size -= entries.length;
        onDropped(entries.length, error);
      }
      entries = waiting.get(roomId)?.splice(0) ?? [];
    }
    waiting.delete(roomId);
  }

  return {
    get size() {
      return size;
    },
    add(entry) {
      if (size >= maxEntries) return onDropped(1);
      size++;
      const queued = waiting.get(entry.roomId);
      if (queued !== undefined) return void queued.push(entry);
      waiting.set(entry.roomId, []);
      const work = publish(entry.roomId, entry).finally(() => running.delete(work));
      running.add(work);
    },
    async settle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
