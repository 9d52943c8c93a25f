import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";

const TOO_LARGE = /size.*(exceed|limit)|exceed.*size/i;

/** What a failed call to the table is thrown as: the caller's own reason if it gave up, else a MaruError, a bug as it is. */
export function toStoreError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof MaruError || !(error instanceof Error)) return error;
  if (error.name === "ValidationException") return isTooLarge(error.message) ? contentTooLarge(error) : error;
  return isFromOutside(error) ? storeUnavailable(error) : error;
}

export function isTooLarge(message: string | undefined): boolean {
  return TOO_LARGE.test(message ?? "");
}

export function contentTooLarge(cause: unknown): MaruError {
  return new MaruError(ErrorReason.CONTENT_TOO_LARGE, {
    message: "the entry is larger than an item of the table may be",
    metadata: { limit_bytes: 400 * 1024 },
    cause,
  });
}

export function storeUnavailable(cause: unknown): MaruError {
  return new MaruError(ErrorReason.STORE_UNAVAILABLE, { cause });
}

/** Of the service, its answer's bytes, the network or the credentials, and not of this program. */
function isFromOutside(error: Error): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return false;
  return (
    "$metadata" in error ||
    "$fault" in error ||
    "code" in error ||
    error.name === "TimeoutError" ||
    error.name === "CredentialsProviderError"
  );
}

/** `call` with its failures translated. */
export async function reaching<T>(call: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw toStoreError(error, signal);
  }
}
