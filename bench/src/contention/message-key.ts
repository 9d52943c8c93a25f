import { randomUUID } from "node:crypto";

/** A UUIDv7: an idempotency key that carries its time of birth, so that the server looks back no further than that. */
export function messageKey(unixMs = Date.now()): string {
  const time = unixMs.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
