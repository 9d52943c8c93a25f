/** A row of the source, as far as it is mapped. Ids are decimal texts; times are microseconds since 1970. */
export interface SourceRoom {
  readonly id: string;
  readonly kind: string | undefined;
  readonly title: string;
  readonly subject: string;
  readonly creator: string | undefined;
  readonly createdAt: number | undefined;
  readonly closedAt: number | undefined;
}

export interface SourceParticipant {
  readonly id: string;
  readonly roomId: string | undefined;
  readonly userId: string | undefined;
  readonly role: string | undefined;
  readonly joinedAt: number | undefined;
  readonly leftAt: number | undefined;
  readonly readMessageId: string | undefined;
}

export interface SourceMessage {
  readonly id: string;
  readonly roomId: string | undefined;
  readonly senderId: string | undefined;
  readonly text: string;
  readonly replyToId: string | undefined;
  readonly createdAt: number | undefined;
  readonly editedAt: number | undefined;
  readonly deletedAt: number | undefined;
}

export interface SourceAttachment {
  readonly id: string;
  readonly messageId: string | undefined;
  readonly url: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly name: string;
}

/** The tables of the source that rows come from. */
export type SourceTable = "rooms" | "participants" | "messages" | "attachments";

/** A row that cannot be copied, and why. */
export interface Rejected {
  readonly table: SourceTable;
  readonly id: string;
  readonly roomId: string | undefined;
  readonly reason: RejectReason;
  readonly detail?: string;
}

export type RejectReason =
  | "room_missing"
  | "message_missing"
  | "message_rejected"
  | "sender_missing"
  | "user_missing"
  | "time_missing"
  | "already_a_member"
  | "empty"
  | "too_large"
  | "too_many_attachments"
  /** Not rejected: the room is copied, and reached by its id alone, because another one is found by its users. */
  | "alias_taken";

/** Decimal texts in the order of their numbers, whatever their size. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
