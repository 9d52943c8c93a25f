import { ErrorReason, ErrorReasonSchema } from "./gen/maru/chat/v1/error_reason_pb.js";

/** The `domain` of every `google.rpc.ErrorInfo` that Maru sends. */
export const ERROR_DOMAIN = "maru.chat.v1";

/**
 * The full name of a reason, as it stands in `google.rpc.ErrorInfo`.
 *
 * @example reasonName(ErrorReason.ROOM_FROZEN) // "ERROR_REASON_ROOM_FROZEN"
 */
export function reasonName(reason: ErrorReason): string {
  return ErrorReasonSchema.value[reason]?.name ?? `ERROR_REASON_${reason}`;
}

/** The reason with this full name; `UNSPECIFIED` for a name that this version of the contract does not know. */
export function reasonFromName(name: string): ErrorReason {
  return ErrorReasonSchema.values.find((value) => value.name === name)?.number ?? ErrorReason.UNSPECIFIED;
}
