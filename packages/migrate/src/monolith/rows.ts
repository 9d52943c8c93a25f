/** Rows of the monolith as they are loaded. Times are texts without a zone, as the columns are. */
export interface RoomRow {
  readonly id: number;
  readonly kind: string;
  readonly title: string | null;
  readonly listing_id: number | null;
  readonly creator_id: number | null;
  readonly created_at: string;
  readonly deleted_at: string | null;
}

export interface ParticipantRow {
  readonly room_id: number;
  readonly user_id: number;
  readonly role: string;
  readonly last_read_message_id: number | null;
  readonly created_at: string;
  readonly deleted_at: string | null;
}

export interface MessageRow {
  readonly id: number;
  readonly room_id: number;
  readonly sender_id: number | null;
  readonly body: string | null;
  readonly reply_to_id: number | null;
  readonly created_at: string;
  readonly edited_at: string | null;
  readonly deleted_at: string | null;
}

export interface AttachmentRow {
  readonly message_id: number;
  readonly url: string;
  readonly content_type: string;
  readonly byte_size: number;
  readonly width: number;
  readonly height: number;
  readonly filename: string;
}

/** What happens to some messages, so that every kind of row occurs. */
export interface MessageFate {
  readonly edited_at: string | null;
  readonly deleted_at: string | null;
  readonly attachment: Omit<AttachmentRow, "message_id"> | undefined;
}

/** A whole monolith in memory, or as it is made. */
export interface MonolithRows {
  readonly users: Iterable<{ readonly id: number; readonly name: string }>;
  readonly messages: Iterable<MessageRow>;
  readonly attachments: Iterable<AttachmentRow>;
  readonly rooms: Iterable<RoomRow>;
  readonly participants: Iterable<ParticipantRow>;
}

/** `2005-02-06 04:09:00.000001`: microseconds since 1970 as PostgreSQL writes them without a zone. */
export function timestampColumn(micros: number): string {
  const text = new Date(Math.floor(micros / 1000)).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 23)}${String(micros % 1000).padStart(3, "0")}`;
}
