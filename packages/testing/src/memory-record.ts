/** A record of a memory topic. It has the shape of `ConsumedRecord` of `@maru/kafka`, so code for one takes the other. */
export interface MemoryRecord<V extends Uint8Array | null = Uint8Array> {
  readonly topic: string;
  /** From 0. That of the key, as every Kafka producer of Maru computes it (murmur2). */
  readonly partition: number;
  /** Number of the record in its partition, from 0, without holes unless the topic is compacted. */
  readonly offset: bigint;
  /** UTF-8: the room id; of a read marker `<room_id>/<user_id>`. */
  readonly key: Uint8Array;
  /** `maru.events.v1.RoomEvent` or `maru.events.v1.ReadMarkerEvent`, serialized. In other topics also `null`, a tombstone. */
  readonly value: V;
  /** See `EventHeader` of `@maru/protocol`. */
  readonly headers: Readonly<Record<string, string>>;
  /** When it came into the topic, unless the producer said otherwise: milliseconds since 1970. */
  readonly timestampMs: number;
}
