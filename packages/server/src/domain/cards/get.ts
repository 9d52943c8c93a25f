import type { Card, Entry, GetCardRequest } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { getMessage } from "../messages/get.ts";
import { cardJson } from "./card-json.ts";
import { cardMismatch } from "./card-mismatch.ts";

export async function getCard(
  domain: Domain,
  call: Call,
  request: GetCardRequest,
): Promise<{ readonly card: Card; readonly json: string }> {
  const card = requireShownCard(await getMessage(domain, call, request));
  return { card, json: cardJson(await domain.cards.requireNewest(card.type), card.value) };
}

function requireShownCard({ roomId, seq, body }: Entry): Card {
  if (body.case !== "messageSent") throw new TypeError("getMessage returns messages");
  const { content, deletion } = body.value;
  if (content?.kind.case === "card") return content.kind.value;
  if (content !== undefined) throw cardMismatch(roomId, seq, "");
  // Without content it was deleted or erased, or it is held or was cancelled.
  const reason = deletion === undefined ? ErrorReason.MESSAGE_HELD : ErrorReason.MESSAGE_DELETED;
  throw new MaruError(reason, { metadata: { room_id: roomId, seq } });
}
