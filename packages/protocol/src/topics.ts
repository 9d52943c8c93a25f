/** Kafka topic with one event for each entry of each room, keyed by room id. Value: `maru.events.v1.RoomEvent`. */
export const ROOM_EVENTS_TOPIC = "maru.room-events.v1";

/** Compacted Kafka topic with the read positions that moved, keyed by room id and user id. Value: `maru.events.v1.ReadMarkerEvent`. */
export const READ_MARKERS_TOPIC = "maru.read-markers.v1";

/**
 * Names of the headers of every event: CloudEvents attributes in Kafka's binary mode, and `seq`.
 * Source: CloudEvents Kafka protocol binding 1.0.2, §3.2.
 */
export const EventHeader = {
  /** Always `1.0`. */
  specVersion: "ce_specversion",
  /** `<room_id>/<seq>`: the same for every repeat of an event. */
  id: "ce_id",
  /** `maru`, or what the deployment is called. */
  source: "ce_source",
  /** `maru.events.v1.` and the entry's type, for example `maru.events.v1.message_sent`. */
  type: "ce_type",
  /** When the entry was committed, RFC 3339. */
  time: "ce_time",
  /** `application/protobuf`. */
  contentType: "content-type",
  /** The entry's number in its room, decimal. */
  seq: "seq",
} as const;
