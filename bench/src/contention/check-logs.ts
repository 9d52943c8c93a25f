import type { Entry } from "@maru/client";
import type { SentMessage } from "./send-messages.ts";

/** How logs differ from what the writers were told. All zero, but for `entries`, when the promises hold. */
export interface LogFindings {
  readonly entries: number;
  /** Entries whose number is not one more than that of the entry before, or 1. */
  readonly holes: number;
  /** Messages that were acknowledged and are not at their number with their key and text. */
  readonly missing: number;
  /** Messages whose key is in the log more than once. */
  readonly doubled: number;
  /** Messages in the log that nobody was told of. */
  readonly unacknowledged: number;
}

export function checkLogs(logs: ReadonlyMap<string, readonly Entry[]>, sent: readonly SentMessage[]): LogFindings {
  const all = [...logs.values()];
  const messages = all.flat().filter(({ body }) => body.case === "messageSent");
  const keys = new Set(messages.map(({ idempotencyKey }) => idempotencyKey));
  const acknowledged = new Set(sent.map(({ key }) => key));
  return {
    entries: all.flat().length,
    holes: all.flatMap((log) => log.filter(({ seq }, index) => seq !== index + 1)).length,
    missing: sent.filter((message) => !holds(logs.get(message.roomId) ?? [], message)).length,
    doubled: messages.length - keys.size,
    unacknowledged: [...keys].filter((key) => !acknowledged.has(key)).length,
  };
}

function holds(log: readonly Entry[], { seq, key, text }: SentMessage): boolean {
  const entry = log[seq - 1];
  if (entry?.seq !== seq || entry.idempotencyKey !== key || entry.body.case !== "messageSent") return false;
  const kind = entry.body.value.content?.kind;
  return kind?.case === "text" && kind.value.text === text;
}
