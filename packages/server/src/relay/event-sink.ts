import type { OutgoingEvent } from "./to-event.ts";

/** Where events go. */
export interface EventSink {
  /**
   * Resolves when every event is stored so that no failure of one machine loses it. Events of one key are stored in the
   * order of the calls. When it rejects, any part of them may be stored; ShardBlockedError says that sending the same
   * again will not help.
   */
  send(events: readonly OutgoingEvent[]): Promise<void>;
}
