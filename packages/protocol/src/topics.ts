/** Kafka topic with one event for each entry of each room, keyed by room id. Value: `maru.events.v1.RoomEvent`. */
export const ROOM_EVENTS_TOPIC = "maru.room-events.v1";

/** Compacted Kafka topic with the read positions that moved, keyed by {@link readMarkerKey}. Value: `maru.events.v1.ReadMarkerEvent`. */
export const READ_MARKERS_TOPIC = "maru.read-markers.v1";

/** Compacted Kafka topic in which a consumer group keeps its parked rooms, keyed by room id. Value: `maru.events.v1.DeadLetter`. */
export function parkedTopic(group: string): string {
  return `${group}.parked`;
}

/** Compacted Kafka topic of the events that a consumer group skipped, keyed by {@link deadLetterKey}. Value: `maru.events.v1.DeadLetter`. */
export function deadLettersTopic(group: string): string {
  return `${group}.dead-letters`;
}

/** Key of a skipped event: `<room_id>/<seq>`. */
export function deadLetterKey(roomId: string, seq: number): string {
  return `${roomId}/${seq}`;
}

/**
 * Key of a read marker's event: `<room_id>/<user_id>`. A room id has no slash, so the first one ends it.
 *
 * @example
 * readMarkerKey("room-1", "user/7"); // "room-1/user/7"
 */
export function readMarkerKey(roomId: string, userId: string): string {
  return `${roomId}/${userId}`;
}

/**
 * Names of the headers of every event: CloudEvents attributes in Kafka's binary mode, and `seq`.
 * Source: CloudEvents Kafka protocol binding 1.0.2, §3.2.
 */
export const EventHeader = {
  /** Always `1.0`. */
  specVersion: "ce_specversion",
  /** `<room_id>/<seq>`, of a read marker `<room_id>/<user_id>/<read_seq>`: the same for every repeat of an event. */
  id: "ce_id",
  /** `maru`, or what the deployment is called. */
  source: "ce_source",
  /** `maru.events.v1.` and the entry's type (`maru.events.v1.message_sent`), or `maru.events.v1.read_marker_moved`. */
  type: "ce_type",
  /** When the entry was committed, RFC 3339. A read marker has none. */
  time: "ce_time",
  /** `application/protobuf`. */
  contentType: "content-type",
  /** The entry's number in its room, decimal. A read marker has none. */
  seq: "seq",
} as const;
