import { createHash } from "node:crypto";

/** Equal for equal bytes of UTF-8. */
export function fingerprint(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}
