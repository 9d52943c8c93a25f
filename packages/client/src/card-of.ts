import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { Card, Content } from "@maru/protocol";

/**
 * The card that a content, or an update, holds, as the team's own message; undefined where it holds none, or one of another
 * type. Fields that this version of the schema does not know are in `$unknown`. Throws for bytes that are no such message:
 * the schema is then not the one that was registered.
 *
 * @example
 * const payment = cardOf(PaymentRequestSchema, message.content);
 * if (payment?.status === PaymentStatus.PAID) …
 */
export function cardOf<D extends DescMessage>(
  schema: D,
  source: Content | Card | undefined,
): MessageShape<D> | undefined {
  const card = source?.$typeName === "maru.chat.v1.Content" ? cardIn(source) : source;
  return card?.type === schema.typeName ? fromBinary(schema, card.value) : undefined;
}

/** The card of a content, whatever its type; undefined where it is no card. */
export function cardIn(content: Content | undefined): Card | undefined {
  return content?.kind.case === "card" ? content.kind.value : undefined;
}
