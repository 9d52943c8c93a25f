import type { ImportSettings } from "../room-log/import-settings.ts";
import { type MessageWithAttachments, whyNot } from "../room-log/imported-message.ts";
import { toMemberships } from "../room-log/memberships.ts";
import { compareIds, type SourceAttachment, type SourceParticipant, type SourceRoom } from "../room-log/source-rows.ts";
import type { MemberView, MessageView, RoomFacts } from "./room-view.ts";

/** The rows of a room as people see them. Rows that cannot be copied are not there: the rejects file tells of them. */
export function sourceFacts(settings: ImportSettings, room: SourceRoom): RoomFacts {
  const { title, subject, closedAt } = room;
  return { kind: room.kind ?? settings.defaultKind, title, subject, closed: closedAt !== undefined };
}

export function sourceMessages(messages: readonly MessageWithAttachments[]): MessageView[] {
  const kept = messages.filter((message) => whyNot(message) === undefined);
  const ids = new Set(kept.map(({ id }) => id));
  return kept.map(({ id, senderId = "", createdAt = 0, editedAt, deletedAt, replyToId = "", text, attachments }) => ({
    ...{ id, senderId, createdAt, editedAt, deletedAt },
    // An answer to what is not there, or comes later, answers nothing.
    replyToId: ids.has(replyToId) && compareIds(replyToId, id) < 0 ? replyToId : "",
    text: deletedAt === undefined ? text : "",
    attachments: deletedAt === undefined ? attachments.map(attachmentText) : [],
  }));
}

/** `lastReadOf` says which message a position in the source stands for, among those that both sides can have. */
export function sourceMembers(
  { adminRoles }: ImportSettings,
  participants: readonly SourceParticipant[],
  lastReadOf: (messageId: string) => string,
): Map<string, MemberView> {
  const members = new Map<string, MemberView>();
  const readOf = new Map<string, string>();
  for (const { userId = "", readMessageId = "" } of participants) {
    const before = readOf.get(userId) ?? "";
    readOf.set(userId, compareIds(before, readMessageId) < 0 ? readMessageId : before);
  }
  for (const { kind, userId, role = "" } of toMemberships(participants).events) {
    const readMessageId = lastReadOf(readOf.get(userId) ?? "");
    members.set(userId, {
      ...{ userId, readMessageId, present: kind === "joined" },
      role: adminRoles.includes(role) ? "admin" : "member",
    });
  }
  return members;
}

/** As the hash has it, in SQL too. */
export function attachmentText(attachment: Omit<SourceAttachment, "id" | "messageId">): string {
  const { url, mediaType, sizeBytes, widthPx, heightPx, name } = attachment;
  return [url, mediaType, sizeBytes, widthPx, heightPx, name].join(" ");
}
