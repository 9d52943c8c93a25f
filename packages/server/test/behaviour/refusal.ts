import { MaruError } from "@maru/client";
import { reasonName } from "@maru/protocol";

/** What a refusal says: its reason without the prefix, its code, the facts and the fields. */
export interface Refusal {
  readonly reason: string;
  readonly code: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fields: readonly string[];
}

/** The refusal that a call ends in; throws when the call succeeds. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof MaruError)) throw new Error("the call was to be refused", { cause: error });
  if (error.requestId === undefined) throw new Error("a refusal carries no request id", { cause: error });
  return {
    reason: reasonName(error.reason).replace("ERROR_REASON_", ""),
    code: error.code,
    metadata: error.metadata,
    fields: error.violations.map(({ field }) => field),
  };
}

/** A rule of the contract that is broken at these fields. */
export function invalid(...fields: readonly string[]) {
  return { reason: "INVALID_REQUEST", code: "INVALID_ARGUMENT", fields };
}
