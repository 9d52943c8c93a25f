import type { Content } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Domain } from "../domain.ts";

/** What the contract's own rules do not say of a content: this server's limits, and which cards are registered. */
export function requireAcceptableContent({ limits }: Pick<Domain, "limits">, content: Content | undefined): void {
  if (content?.kind.case === "text") {
    const sizeBytes = Buffer.byteLength(content.kind.value.text);
    if (sizeBytes > limits.maxTextBytes) {
      throw new MaruError(ErrorReason.CONTENT_TOO_LARGE, {
        metadata: { field: "content.text.text", size_bytes: sizeBytes, limit_bytes: limits.maxTextBytes },
        violations: [{ field: "content.text.text", description: `must be at most ${limits.maxTextBytes} bytes` }],
      });
    }
  }
  if (content?.kind.case === "card") {
    throw new MaruError(ErrorReason.CARD_TYPE_UNKNOWN, { metadata: { card_type: content.kind.value.type } });
  }
}
