import type { TableMapping } from "../mapping/mapping.ts";
import type { SourceAttachment, SourceMessage, SourceParticipant, SourceRoom } from "../room-log/source-rows.ts";

/** The value of a mapped field of one row; null where it is not mapped. */
export type FieldOf = (field: string) => string | null;

/** Reads fields of rows that have a value for each column, by its name. */
export function fieldsByName({ columns }: TableMapping, row: Readonly<Record<string, string | null>>): FieldOf {
  return (field) => {
    const column = columns.get(field);
    return column === undefined ? null : (row[column] ?? null);
  };
}

export function toRoom(of: FieldOf): SourceRoom {
  return {
    id: of("id") ?? "",
    kind: of("kind") ?? undefined,
    title: of("title") ?? "",
    subject: of("subject") ?? "",
    creator: of("creator") ?? undefined,
    createdAt: parseTime(of("created_at")),
    closedAt: parseTime(of("closed_at")),
  };
}

export function toParticipant(of: FieldOf): SourceParticipant {
  return {
    id: of("id") ?? "",
    roomId: of("room") ?? undefined,
    userId: of("user") ?? undefined,
    role: of("role") ?? undefined,
    joinedAt: parseTime(of("joined_at")),
    leftAt: parseTime(of("left_at")),
    readMessageId: of("read_message") ?? undefined,
  };
}

export function toSourceMessage(of: FieldOf): SourceMessage {
  return {
    id: of("id") ?? "",
    roomId: of("room") ?? undefined,
    senderId: of("sender") ?? undefined,
    text: of("text") ?? "",
    replyToId: of("reply_to") ?? undefined,
    createdAt: parseTime(of("created_at")),
    editedAt: parseTime(of("edited_at")),
    deletedAt: parseTime(of("deleted_at")),
  };
}

export function toAttachment(of: FieldOf): SourceAttachment {
  return {
    id: of("id") ?? "",
    messageId: of("message") ?? undefined,
    url: of("url") ?? "",
    mediaType: of("media_type") ?? "",
    sizeBytes: Number(of("size_bytes") ?? 0),
    widthPx: Number(of("width_px") ?? 0),
    heightPx: Number(of("height_px") ?? 0),
    name: of("name") ?? "",
  };
}

const TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00)?$/;

/** Microseconds since 1970 of a time in UTC; undefined for NULL, and for what is no time of the common era. */
export function parseTime(text: string | null): number | undefined {
  const match = text === null ? null : TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = ""] = match;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return ms * 1000 + Number(fraction.padEnd(6, "0"));
}
