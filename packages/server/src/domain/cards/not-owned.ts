import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

export function notOwned(type: string, caller: string): MaruError {
  return new MaruError(ErrorReason.CARD_TYPE_NOT_OWNED, { metadata: { card_type: type, caller } });
}
