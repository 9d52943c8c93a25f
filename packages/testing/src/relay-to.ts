import type { Change } from "@maru/server/domain/change.ts";
import type { Clock } from "@maru/server/domain/clock.ts";
import { toEvent } from "@maru/server/relay/to-event.ts";
import type { TopicLog } from "./topic-log.ts";

export interface TopicLogs {
  readonly roomEvents: TopicLog;
  readonly readMarkers: TopicLog;
}

/** What the relay does, without the stream between: the event of each change goes to its topic. */
export function relayTo({ roomEvents, readMarkers }: TopicLogs, clock: Clock): (change: Change) => void {
  const topics = { roomEvents: roomEvents.topic.name, readMarkers: readMarkers.topic.name };
  return (change) => {
    if (change.kind === "unknown_entry" || change.kind === "poison") {
      throw new Error(`the memory store told of a change that cannot be relayed: ${change.kind}`);
    }
    const event = toEvent(change, { topics, source: "maru", relayedAtMs: clock.nowMs() });
    if (event !== undefined) (change.kind === "entry" ? roomEvents : readMarkers).append(event);
  };
}
