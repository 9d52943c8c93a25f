import type { Clock } from "../domain/clock.ts";
import type { Log } from "../log.ts";
import { type DeadLetter, toDeadLetterEvent } from "./dead-letter.ts";
import type { EventSink } from "./event-sink.ts";
import type { RelayMetrics } from "./relay-metrics.ts";

/** Where what cannot be read is put aside before the relay goes on. */
export interface DeadLetters {
  /** Resolves when all in-sync replicas have it. */
  put(letter: Omit<DeadLetter, "shardId">): Promise<void>;
}

export interface DeadLettersDeps {
  readonly sink: EventSink;
  readonly topic: string;
  readonly shardId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<RelayMetrics, "dead">;
}

export function createDeadLetters({ sink, topic, shardId, clock, log, metrics }: DeadLettersDeps): DeadLetters {
  return {
    async put(letter) {
      const { record: _, kind, ...told } = letter;
      log.error(
        { ...told, kind, topic },
        `the relay puts aside what it cannot read: ${letter.roomId} ${letter.sortKey}: ${letter.why}`,
      );
      await sink.send([toDeadLetterEvent({ ...letter, shardId }, topic, clock.nowMs())]);
      metrics.dead.inc({ why: kind });
    },
  };
}
