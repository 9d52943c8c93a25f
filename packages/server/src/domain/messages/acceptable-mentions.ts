import type { Content, Mention } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

/** A mention lies within the text that the content shows. */
export function requireAcceptableMentions(content: Content | undefined, mentions: readonly Mention[]): void {
  const { length } = mentionedText(content);
  const violations = mentions.flatMap(({ startUtf16, lengthUtf16 }, index) => {
    if (startUtf16 > length) return [violation(`mentions[${index}].start_utf16`, length)];
    if (startUtf16 + lengthUtf16 > length) return [violation(`mentions[${index}].length_utf16`, length)];
    return [];
  });
  if (violations.length > 0) throw new MaruError(ErrorReason.INVALID_REQUEST, { violations });
}

function mentionedText(content: Content | undefined): string {
  switch (content?.kind.case) {
    case "text":
      return content.kind.value.text;
    case "media":
      return content.kind.value.caption;
    default:
      return "";
  }
}

function violation(field: string, length: number) {
  return { field, description: `reaches beyond the text, which has ${length} UTF-16 code units` };
}
