/**
 * A reader of a memory topic was so far behind that the topic dropped records which it had not read: read faster, or let
 * the topic hold more (`maxTopicBytes`). Nothing is passed over in silence.
 */
export class RecordsDroppedError extends Error {
  override readonly name = "RecordsDroppedError";
  readonly topic: string;
  /** How many records this reader missed. */
  readonly missed: number;

  /** Made by the topic. */
  constructor(topic: string, missed: number) {
    super(`${topic} dropped ${missed} records before this reader took them: read faster, or raise maxTopicBytes`);
    this.topic = topic;
    this.missed = missed;
  }
}
