/** Where an event lies in Kafka. */
export interface EventPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/**
 * A handler threw on every attempt, and the consumer stopped. The event is not committed: a consumer that starts in the
 * same group is handed it again. `cause` is what the handler threw last.
 */
export class HandlerFailedError extends Error implements EventPlace {
  override readonly name = "HandlerFailedError";
  readonly roomId: string;
  /** Number of the entry in its room. */
  readonly seq: number;
  /** How often the handler was called for this event. */
  readonly attempts: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;

  /** Made by the consumer. */
  constructor(event: { roomId: string; seq: number }, place: EventPlace, attempts: number, cause: unknown) {
    super(`the handler failed ${attempts} times for entry ${event.seq} of room ${event.roomId}: ${messageOf(cause)}`, {
      cause,
    });
    this.roomId = event.roomId;
    this.seq = event.seq;
    this.attempts = attempts;
    this.topic = place.topic;
    this.partition = place.partition;
    this.offset = place.offset;
  }
}

/**
 * A record of the topic is no event of a room, and the consumer stopped before it. Nothing from this offset on is
 * committed. (An entry whose type this version does not know is not meant: that is handed to `unknown`.)
 */
export class UndecodableEventError extends Error implements EventPlace {
  override readonly name = "UndecodableEventError";
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** What is wrong with the record. */
  readonly reason: string;

  /** Made by the consumer. */
  constructor(place: EventPlace, reason: string, cause?: unknown) {
    super(`the record at ${place.topic}/${place.partition}, offset ${place.offset}, is no room event: ${reason}`, {
      cause,
    });
    this.topic = place.topic;
    this.partition = place.partition;
    this.offset = place.offset;
    this.reason = reason;
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
