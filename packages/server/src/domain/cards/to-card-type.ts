import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type CardType, CardTypeSchema } from "@maru/protocol";
import type { CardTypeRecord } from "./card-type-store.ts";

export function toCardType({ type, owner, revision, registeredAtMs }: CardTypeRecord): CardType {
  return create(CardTypeSchema, { type, owner, revision, registeredAt: timestampFromMs(registeredAtMs) });
}
