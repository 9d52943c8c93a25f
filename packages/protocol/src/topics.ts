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
 * Kafka topic with what the relay could not read as an entry and put aside, keyed by room id. Value: the record of the table's
 * stream, whole, as JSON; headers say why. For people, and `maru-server admin relay-dead-letters`.
 */
export const RELAY_DEAD_LETTERS_TOPIC = "maru.relay-dead-letters.v1";

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
  /**
   * `maru.events.v1.` and the entry's type (`maru.events.v1.message_sent`), `maru.events.v1.entry_gap` in the place of an entry
   * that could not be read, or `maru.events.v1.read_marker_moved`.
   */
  type: "ce_type",
  /** When the entry was committed, RFC 3339. A read marker and a gap have none. */
  time: "ce_time",
  /** `application/protobuf`. */
  contentType: "content-type",
  /** The entry's number in its room, decimal. A read marker has none. */
  seq: "seq",
  /** W3C trace context of the call that made the entry, as `Entry.traceparent`; absent when there was none. */
  traceparent: "traceparent",
} as const;

/**
 * How the ids of rooms begin in which servers send to themselves, to prove that events come through. No team's room has such
 * an id, and the consumers of `@maru/client/events` pass over their events.
 *
 * @example
 * if (roomId.startsWith(CANARY_ROOM_PREFIX)) return;
 */
export const CANARY_ROOM_PREFIX = "maru.canary";
