import { create } from "@bufbuild/protobuf";
import { ContentSchema, type Mention, MessageSchema } from "@maru/protocol";
import type { MessageRecord } from "../domain/store.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { decodeMessage, type OnMismatch } from "./decode-message.ts";
import { encodeField, encodeMessage } from "./encode-message.ts";

const mentionsField = MessageSchema.field.mentions;

/** The attributes of a message's record; undefined where there is nothing to keep. */
export const recordAttributeNames = ["content_seqs", "original", "reactions_of"] as const;

type RecordAttributes = Partial<Record<(typeof recordAttributeNames)[number], AttributeMap[string]>>;

/** Beside the body, under names of their own. What is empty is left out. */
export function recordAttributes(record: MessageRecord | undefined): RecordAttributes {
  if (record === undefined) return {};
  const { contentSeqs, original, reactions } = record;
  return {
    ...(contentSeqs.length > 0 && { content_seqs: { L: contentSeqs.map((seq) => ({ N: String(seq) })) } }),
    ...(original !== undefined && { original: { M: encodeOriginal(original) } }),
    ...(reactions.size > 0 && {
      // A list and not a map: the order in which users first reacted is the order of the kinds.
      reactions_of: {
        L: [...reactions].map(([userId, kinds]) => ({
          M: { user_id: { S: userId }, kinds: { L: kinds.map((kind) => ({ S: kind })) } },
        })),
      },
    }),
  };
}

/** Undefined for an item that has none. */
export function fromRecordAttributes(item: AttributeMap, onMismatch?: OnMismatch): MessageRecord | undefined {
  const { content_seqs, original, reactions_of } = item;
  if (content_seqs === undefined && original === undefined && reactions_of === undefined) return undefined;
  return {
    contentSeqs: (content_seqs?.L ?? []).map(({ N }) => Number(N)),
    original: original?.M === undefined ? undefined : decodeOriginal(original.M, onMismatch),
    reactions: new Map(
      (reactions_of?.L ?? []).map(({ M }) => [
        M?.user_id?.S ?? "",
        (M?.kinds?.L ?? []).flatMap(({ S }) => (S === undefined ? [] : [S])),
      ]),
    ),
  };
}

function encodeOriginal({ content, mentions }: NonNullable<MessageRecord["original"]>): AttributeMap {
  return {
    ...(content !== undefined && { content: { M: encodeMessage(ContentSchema, content) } }),
    ...(mentions.length > 0 && { mentions: encodeField(mentionsField, mentions) }),
  };
}

function decodeOriginal(attributes: AttributeMap, onMismatch?: OnMismatch): NonNullable<MessageRecord["original"]> {
  const { content, mentions } = decodeMessage(MessageSchema, attributes, onMismatch);
  return { content: content ?? create(ContentSchema), mentions: mentions as Mention[] };
}
