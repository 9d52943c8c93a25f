import type { CardType, GetCardTypeRequest } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { toCardType } from "./to-card-type.ts";

export async function getCardType(
  { cards }: Domain,
  { type }: GetCardTypeRequest,
): Promise<{ readonly cardType: CardType; readonly descriptorSet: Uint8Array }> {
  const { record, descriptorSet } = await cards.requireNewest(type);
  return { cardType: toCardType(record), descriptorSet };
}
