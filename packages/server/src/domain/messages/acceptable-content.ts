import type { Content } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import { requireCard } from "../cards/require-card.ts";
import type { Domain } from "../domain.ts";

/** What the contract's own rules do not say of a content: this server's limits, and which cards are registered. */
export async function requireAcceptableContent(
  { limits, cards }: Pick<Domain, "limits" | "cards">,
  content: Content | undefined,
): Promise<void> {
  if (content?.kind.case === "text") {
    const sizeBytes = Buffer.byteLength(content.kind.value.text);
    if (sizeBytes > limits.maxTextBytes) {
      throw new MaruError(ErrorReason.CONTENT_TOO_LARGE, {
        metadata: { field: "content.text.text", size_bytes: sizeBytes, limit_bytes: limits.maxTextBytes },
        violations: [{ field: "content.text.text", description: `must be at most ${limits.maxTextBytes} bytes` }],
      });
    }
  }
  if (content?.kind.case === "card") await requireCard(cards, content.kind.value, "content.card");
}
