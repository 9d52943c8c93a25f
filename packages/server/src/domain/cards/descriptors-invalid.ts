import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

/** `type` is undefined where the descriptor set as a whole is wrong. */
export function descriptorsInvalid(type: string | undefined, what: string, cause?: unknown): MaruError {
  const message = type === undefined ? what : `${type}: ${what}`;
  return new MaruError(ErrorReason.CARD_TYPES_INVALID, {
    metadata: type === undefined ? {} : { card_type: type },
    message,
    violations: [{ field: type === undefined ? "descriptor_set" : "types", description: message }],
    cause,
  });
}
