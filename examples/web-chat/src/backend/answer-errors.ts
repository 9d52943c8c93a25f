import { MaruError, type StatusName } from "@maru/client";
import { reasonName } from "@maru/protocol";
import { Refusal } from "./refusal.ts";

const statuses: Partial<Record<StatusName, number>> = {
  INVALID_ARGUMENT: 400,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  FAILED_PRECONDITION: 409,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** What the page is told of an error; what it is not to know stays here, and goes to the log. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const status = error instanceof MaruError ? statuses[error.code] : undefined;
  if (error instanceof MaruError && status !== undefined) {
    return new Refusal(status, reasonName(error.reason), error.message);
  }
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  return new Refusal(500, "INTERNAL", "something went wrong; the log of the page's backend says what");
}
