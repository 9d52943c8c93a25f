import type { EntryChange, LoggedEntry } from "../store.ts";
import { withoutContent } from "./visible.ts";

/** An entry that brought content of the message, without it. */
export function toEmptied({ entry: { seq, type, body } }: LoggedEntry): EntryChange {
  switch (body.case) {
    case "messageEdited":
      return { seq, body: { case: body.case, value: { ...body.value, content: undefined, mentions: [] } } };
    case "cardUpdated":
      return { seq, body: { case: body.case, value: { ...body.value, card: undefined } } };
    case "messageCommitted": {
      const message = body.value.message && withoutContent(body.value.message);
      return { seq, body: { case: body.case, value: { ...body.value, message } } };
    }
    default:
      throw new TypeError(`entry ${seq} (${type}) holds content of a message in a way that this version does not know`);
  }
}

/** Whether such an entry, if it is one, still has content. */
export function hasContent({ entry: { body } }: LoggedEntry): boolean {
  switch (body.case) {
    case "messageEdited":
      return body.value.content !== undefined || body.value.mentions.length > 0;
    case "cardUpdated":
      return body.value.card !== undefined;
    case "messageCommitted":
      return body.value.message?.content !== undefined || (body.value.message?.mentions.length ?? 0) > 0;
    default:
      return false;
  }
}
