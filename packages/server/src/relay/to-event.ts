import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EventHeader, ReadMarkerEventSchema, RoomEventSchema, readMarkerKey } from "@maru/protocol";
import type { Change } from "../domain/change.ts";
import { withoutHeldContent } from "../domain/messages/visible.ts";

export interface EventTopics {
  readonly roomEvents: string;
  readonly readMarkers: string;
}

/** What goes to Kafka, ready to be sent. */
export interface OutgoingEvent {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Record<string, string>;
}

export interface EventOrigin {
  readonly topics: EventTopics;
  /** CloudEvents' source: what the deployment is called. */
  readonly source: string;
  readonly relayedAtMs: number;
  /** The entry was read from the table, later than usual, to close a hole. */
  readonly healed?: boolean;
}

/** What an event can be made of. The other changes are put aside, or stop their shard, and must not come this far. */
export type RelayableChange = Exclude<Change, { kind: "unknown_entry" | "poison" }>;

/** Pure, so that every host (worker, function, memory) makes the same bytes. Undefined: nothing that others hear of. */
export function toEvent(change: RelayableChange, origin: EventOrigin): OutgoingEvent | undefined {
  switch (change.kind) {
    case "entry":
      return change.entry.entry.imported === undefined ? toEntryEvent(change, origin) : undefined;
    case "read_marker":
      return toReadMarkerEvent(change, origin);
    case "imported_entry":
    case "ignored":
      return undefined;
  }
}

/** An entry that could not be read. */
export interface Gap {
  readonly roomId: string;
  readonly seq: number;
  readonly why: string;
  /** Undefined when the stream did not tell of it. */
  readonly streamedAtMs?: number;
}

/** In the place of an entry's event, so that readers hear of its number. */
export function toGapEvent({ roomId, seq, why, streamedAtMs }: Gap, origin: EventOrigin): OutgoingEvent {
  const event = create(RoomEventSchema, {
    gap: { roomId, seq, why },
    relayedAt: timestampFromMs(origin.relayedAtMs),
    healed: origin.healed ?? false,
    ...(streamedAtMs !== undefined && { streamedAt: timestampFromMs(streamedAtMs) }),
  });
  return {
    topic: origin.topics.roomEvents,
    key: roomId,
    value: toBinary(RoomEventSchema, event),
    headers: { ...cloudEvent(origin, "entry_gap", `${roomId}/${seq}`), [EventHeader.seq]: String(seq) },
  };
}

export function toEntryEvent(
  { entry: { entry: logged, appendedAtMs }, committedAtMs: streamedAtMs }: Extract<RelayableChange, { kind: "entry" }>,
  origin: EventOrigin,
): OutgoingEvent {
  const entry = withoutHeldContent(logged);
  const healed = origin.healed ?? false;
  const event = create(RoomEventSchema, {
    entry,
    // The appending server's clock: the stream's own time has a resolution of a second, and a healed entry has none.
    committedAt: timestampFromMs(appendedAtMs),
    relayedAt: timestampFromMs(origin.relayedAtMs),
    ...(!healed && { streamedAt: timestampFromMs(streamedAtMs) }),
    healed,
  });
  return {
    topic: origin.topics.roomEvents,
    key: entry.roomId,
    value: toBinary(RoomEventSchema, event),
    headers: {
      ...cloudEvent(origin, entry.type, `${entry.roomId}/${entry.seq}`),
      [EventHeader.time]: new Date(appendedAtMs).toISOString(),
      [EventHeader.seq]: String(entry.seq),
      ...(entry.traceparent !== "" && { [EventHeader.traceparent]: entry.traceparent }),
    },
  };
}

function toReadMarkerEvent(
  { roomId, userId, readSeq }: Extract<Change, { kind: "read_marker" }>,
  origin: EventOrigin,
): OutgoingEvent {
  const key = readMarkerKey(roomId, userId);
  const relayedAt = timestampFromMs(origin.relayedAtMs);
  const event = create(ReadMarkerEventSchema, { roomId, userId, readSeq, relayedAt });
  return {
    topic: origin.topics.readMarkers,
    key,
    value: toBinary(ReadMarkerEventSchema, event),
    headers: cloudEvent(origin, "read_marker_moved", `${key}/${readSeq}`),
  };
}

function cloudEvent(origin: EventOrigin, type: string, id: string): Record<string, string> {
  return {
    [EventHeader.specVersion]: "1.0",
    [EventHeader.id]: id,
    [EventHeader.source]: origin.source,
    [EventHeader.type]: `maru.events.v1.${type}`,
    [EventHeader.contentType]: "application/protobuf",
  };
}
