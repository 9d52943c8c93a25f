import { Code } from "@connectrpc/connect";

/** `FailedPrecondition` as gRPC writes it: `FAILED_PRECONDITION`. */
export function codeName(code: Code): string {
  return code === Code.Canceled ? "CANCELLED" : Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}
