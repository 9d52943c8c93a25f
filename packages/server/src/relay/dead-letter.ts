import { toRecordJson } from "../store/record-json.ts";
import type { OutgoingEvent } from "./to-event.ts";

/** `poison_record`: what is there cannot be read as an entry. `missing_entry`: it is neither in the stream nor in the table. */
export type DeadKind = "poison_record" | "missing_entry";

/** What the relay could not read and passed over, for people to look at. */
export interface DeadLetter {
  readonly kind: DeadKind;
  /** Why, in words. */
  readonly why: string;
  readonly roomId: string;
  readonly sortKey: string;
  /** Undefined when its sort key is no number: then no reader misses it. */
  readonly seq: number | undefined;
  readonly shardId: string;
  /** Of the stream's record; undefined when the table was read. */
  readonly sequenceNumber: string | undefined;
  /** The stream's record, whole. */
  readonly record: unknown;
}

/** Names of the headers of a dead letter. Its key is the room id, its value the record as JSON; without a value it is over. */
export const DeadLetterHeader = {
  kind: "kind",
  why: "why",
  sortKey: "sort_key",
  seq: "seq",
  shard: "shard",
  sequenceNumber: "sequence_number",
  relayedAt: "relayed_at",
  contentType: "content-type",
} as const;

export function toDeadLetterEvent(letter: DeadLetter, topic: string, relayedAtMs: number): OutgoingEvent {
  const { kind, why, roomId, sortKey, seq, shardId, sequenceNumber, record } = letter;
  return {
    topic,
    key: roomId,
    value: Buffer.from(toRecordJson(record)),
    headers: {
      [DeadLetterHeader.kind]: kind,
      [DeadLetterHeader.why]: why,
      [DeadLetterHeader.sortKey]: sortKey,
      ...(seq !== undefined && { [DeadLetterHeader.seq]: String(seq) }),
      [DeadLetterHeader.shard]: shardId,
      ...(sequenceNumber !== undefined && { [DeadLetterHeader.sequenceNumber]: sequenceNumber }),
      [DeadLetterHeader.relayedAt]: new Date(relayedAtMs).toISOString(),
      [DeadLetterHeader.contentType]: "application/json",
    },
  };
}
