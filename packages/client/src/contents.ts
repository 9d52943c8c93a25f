import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { CardSchema, ContentSchema, LocationSchema, MediaItemSchema, SystemNoticeSchema } from "@maru/protocol";

/** What a message says, as requests take it. */
export type ContentInit = MessageInitShape<typeof ContentSchema>;

/** Plain text. An empty one is refused by the server. */
export function text(value: string): ContentInit {
  return { kind: { case: "text", value: { text: value } } };
}

/**
 * Pictures, videos, sounds or files, shown together in this order.
 *
 * @example media([{ url: "https://cdn.example/1.jpg", mediaType: "image/jpeg", widthPx: 800, heightPx: 600 }], "our cat")
 */
export function media(items: readonly MessageInitShape<typeof MediaItemSchema>[], caption = ""): ContentInit {
  return { kind: { case: "media", value: { items: [...items], caption } } };
}

/** A place. @example location({ latitude: 37.5, longitude: 127.0, label: "Exit 3" }) */
export function location(place: MessageInitShape<typeof LocationSchema>): ContentInit {
  return { kind: { case: "location", value: place } };
}

/** A message type of another team, registered with the server. @example card(PaymentRequestSchema, { amount: 12_000 }) */
export function card<D extends DescMessage>(schema: D, value: MessageInitShape<D>): ContentInit {
  return { kind: { case: "card", value: toCard(schema, value) } };
}

/** The same where a request takes the card alone. */
export function toCard<D extends DescMessage>(
  schema: D,
  value: MessageInitShape<D>,
): MessageInitShape<typeof CardSchema> {
  return { type: schema.typeName, value: toBinary(schema, create(schema, value)) };
}

/** A notice between messages. @example notice({ code: "price_changed", text: "The price was changed." }) */
export function notice(value: MessageInitShape<typeof SystemNoticeSchema>): ContentInit {
  return { kind: { case: "system", value } };
}
