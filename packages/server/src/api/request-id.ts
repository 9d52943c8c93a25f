import { randomUUID } from "node:crypto";

export const requestIdHeader = "x-request-id";

const acceptable = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** The caller's own id when it can safely stand in logs and headers, or a new one. */
export function toRequestId(given: string | undefined): string {
  return given !== undefined && acceptable.test(given) ? given : randomUUID();
}
