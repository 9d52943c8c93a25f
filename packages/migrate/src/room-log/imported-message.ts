import { create } from "@bufbuild/protobuf";
import {
  type Actor,
  type Content,
  ContentSchema,
  DeletionSchema,
  MediaItemSchema,
  MediaSchema,
  type Message,
  MessageSchema,
  TextSchema,
} from "@maru/protocol";
import { toTimestamp } from "./imported-entry.ts";
import type { RejectReason, SourceAttachment, SourceMessage } from "./source-rows.ts";

/** What the contract allows. */
const maxTextBytes = 65_536;
const maxCaptionBytes = 4_096;
const maxAttachments = 30;

export type MessageWithAttachments = SourceMessage & { readonly attachments: readonly SourceAttachment[] };

/** Why a message cannot be copied; undefined when it can. */
export function whyNot(message: MessageWithAttachments): { reason: RejectReason; detail?: string } | undefined {
  if (message.createdAt === undefined) return { reason: "time_missing" };
  if (message.senderId === undefined) return { reason: "sender_missing" };
  if (message.deletedAt !== undefined) return undefined;
  const bytes = Buffer.byteLength(message.text);
  const { length } = message.attachments;
  if (length === 0 && bytes === 0) return { reason: "empty" };
  const limit = length === 0 ? maxTextBytes : maxCaptionBytes;
  if (bytes > limit) return { reason: "too_large", detail: `${bytes} bytes of text, at most ${limit}` };
  if (length > maxAttachments)
    return { reason: "too_many_attachments", detail: `${length}, at most ${maxAttachments}` };
  return undefined;
}

/** The message as it is now: the source keeps no earlier texts, and what was deleted leaves its place. */
export function toMessage(
  source: MessageWithAttachments,
  place: { readonly seq: number; readonly replyToSeq: number; readonly deletedBy: Actor },
): Message {
  const { editedAt, deletedAt } = source;
  const { replyToSeq } = place;
  const edit = editedAt === undefined ? {} : { editCount: 1, editedAt: toTimestamp(editedAt) };
  if (deletedAt === undefined) return create(MessageSchema, { content: toContent(source), replyToSeq, ...edit });
  const deletion = create(DeletionSchema, {
    actor: place.deletedBy,
    deletedAt: toTimestamp(deletedAt),
    seq: place.seq,
  });
  return create(MessageSchema, { replyToSeq, ...edit, deletion });
}

export function toContent({ text, attachments }: Pick<MessageWithAttachments, "text" | "attachments">): Content {
  if (attachments.length === 0) {
    return create(ContentSchema, { kind: { case: "text", value: create(TextSchema, { text }) } });
  }
  const items = attachments.map(({ url, mediaType, sizeBytes, widthPx, heightPx, name }) =>
    create(MediaItemSchema, { url, mediaType, sizeBytes: BigInt(sizeBytes), widthPx, heightPx, name }),
  );
  return create(ContentSchema, { kind: { case: "media", value: create(MediaSchema, { items, caption: text }) } });
}
