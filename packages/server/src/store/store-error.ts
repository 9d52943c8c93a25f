import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { itemSizeBytes } from "./item-size.ts";

const TOO_LARGE = /size.*(exceed|limit)|exceed.*size/i;

/** What a failed call to the table is thrown as: the caller's own reason if it gave up, else a MaruError, a bug as it is. */
export function toStoreError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof MaruError || !(error instanceof Error)) return error;
  return isFromOutside(error) ? storeUnavailable(error) : error;
}

/** The same for the put of an item, which may be larger than the table allows. */
export function toPutError(error: unknown, item: AttributeMap, signal?: AbortSignal): unknown {
  const isTooLarge = error instanceof Error && error.name === "ValidationException" && saysTooLarge(error.message);
  return isTooLarge ? contentTooLarge(item, error) : toStoreError(error, signal);
}

export function saysTooLarge(message: string | undefined): boolean {
  return TOO_LARGE.test(message ?? "");
}

export function contentTooLarge(item: AttributeMap, cause: unknown): MaruError {
  return new MaruError(ErrorReason.CONTENT_TOO_LARGE, {
    message: "the entry is larger than an item of the table may be",
    metadata: { field: "body", size_bytes: itemSizeBytes(item), limit_bytes: 400 * 1024 },
    cause,
  });
}

export function storeUnavailable(cause: unknown): MaruError {
  return new MaruError(ErrorReason.STORE_UNAVAILABLE, { cause });
}

/** Of the service, its answer's bytes, the network or the credentials, and not of this program. */
function isFromOutside(error: Error): boolean {
  if (error instanceof TypeError || error instanceof RangeError || error.name === "ValidationException") return false;
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
