import { fromBinary } from "@bufbuild/protobuf";
import { type Card, type Content, HoldState, type Message } from "@maru/protocol";
import { type PaymentRequest, PaymentRequestSchema } from "../../gen/acme/webchat/v1/payment_request_pb.js";

/** What a message says, as the page draws it. */
export type ShownContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "payment"; readonly payment: PaymentRequest }
  | { readonly kind: "other"; readonly label: string }
  | { readonly kind: "deleted" }
  /** Held, cancelled, or of a kind that this page does not know. */
  | { readonly kind: "hidden" };

export function messageToShow({ content, deletion, holdState }: Message): ShownContent {
  if (deletion !== undefined) return { kind: "deleted" };
  return holdState === HoldState.CANCELLED ? { kind: "hidden" } : contentToShow(content);
}

export function contentToShow(content: Content | undefined): ShownContent {
  const kind = content?.kind;
  switch (kind?.case) {
    case "text":
      return { kind: "text", text: kind.value.text };
    case "card":
      return cardToShow(kind.value);
    case "media":
      return { kind: "other", label: kind.value.caption || "Pictures or files" };
    case "location":
      return { kind: "other", label: kind.value.label || "A place" };
    case "system":
      return { kind: "other", label: kind.value.text || kind.value.code };
    default:
      return { kind: "hidden" };
  }
}

export function cardToShow(card: Card | undefined): ShownContent {
  if (card === undefined) return { kind: "deleted" };
  if (card.type !== PaymentRequestSchema.typeName) return { kind: "other", label: `A card: ${card.type}` };
  return { kind: "payment", payment: fromBinary(PaymentRequestSchema, card.value) };
}

/** One line for the list of rooms. */
export function previewOf(content: ShownContent): string {
  switch (content.kind) {
    case "text":
      return content.text.replace(/\s+/g, " ").slice(0, 120);
    case "payment":
      return `asks for money: ${content.payment.title}`;
    case "other":
      return content.label;
    case "deleted":
      return "Message deleted";
    case "hidden":
      return "";
  }
}
