import type { Change } from "@maru/server/domain/change.ts";
import type { Clock } from "@maru/server/domain/clock.ts";
import { type EventTopics, type OutgoingEvent, toEvent } from "@maru/server/relay/to-event.ts";

/** What the relay does, without the stream between: the event of each change goes to its topic. */
export function relayTo(
  emit: (event: OutgoingEvent) => void,
  topics: EventTopics,
  clock: Clock,
): (change: Change) => void {
  return (change) => {
    if (change.kind === "unknown_entry" || change.kind === "poison") {
      throw new Error(`the memory store told of a change that cannot be relayed: ${change.kind}`);
    }
    const event = toEvent(change, { topics, source: "maru", relayedAtMs: clock.nowMs() });
    if (event !== undefined) emit(event);
  };
}
