import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Message, MessageSchema } from "@maru/protocol";
import type { NextEntry } from "../log/append.ts";
import type { EntryChange, MessageSaying } from "../store.ts";
import type { Target } from "./target.ts";

/** The message's entry once the next entry gives it new content. What it said at first is kept beside it. */
export function toContentChange(target: Target, saying: MessageSaying, next: NextEntry): EntryChange {
  const { message, record } = target;
  const value = create(MessageSchema, {
    ...message,
    content: saying.content,
    mentions: [...saying.mentions],
    editCount: message.editCount + 1,
    editedAt: timestampFromMs(next.createdAtMs),
  });
  return {
    ...toMessageChange(target, value),
    record: {
      ...record,
      contentSeqs: [...record.contentSeqs, next.seq],
      original: record.original ?? { content: message.content, mentions: message.mentions },
    },
  };
}

/** The message's entry with another message in it; what is kept beside it stays. */
export function toMessageChange({ seq, record }: Target, value: Message): EntryChange {
  return { seq, body: { case: "messageSent", value }, record };
}
