import { type Entry, ErrorReason } from "@maru/protocol";
import { isWrite } from "./command.ts";
import type { CallRecord } from "./history.ts";
import { bornAtMsOf, scopeOfCommand, scopeOfEntry } from "./keys.ts";
import type { Windows } from "./window.ts";

const dayMs = 24 * 60 * 60_000;
const slackMs = 2 * 60_000;

/** Each key is used once. A key that does not say its age may be used again after a day. */
export function checkUses({ truth }: Windows, history: readonly CallRecord[]): string[] {
  const wrong: string[] = [];
  const uses = new Map<string, { seq: number; appendedAtMs: number }>();
  for (const { logged } of truth.entries) {
    const { entry, appendedAtMs } = logged;
    const scope = scopeOfEntry(entry);
    const earlier = uses.get(scope);
    const mayBeAgain = bornAtMsOf(entry.idempotencyKey) === undefined;
    if (earlier !== undefined && !(mayBeAgain && appendedAtMs - earlier.appendedAtMs > dayMs - slackMs)) {
      wrong.push(`the key of entry ${earlier.seq} was used again by entry ${entry.seq}`);
    }
    uses.set(scope, { seq: entry.seq, appendedAtMs });
  }
  const seqs = new Set<number>();
  for (const { command, outcome } of history) {
    if (command.kind !== "send" || command.key !== "" || outcome?.kind !== "ok") continue;
    const { seq } = outcome.value as Entry;
    if (seqs.has(seq)) wrong.push(`two requests without a key were acknowledged at ${seq}`);
    seqs.add(seq);
  }
  return wrong;
}

/** A call that ended with "too many writers at once; nothing was written" wrote nothing. */
export function checkContended({ truth }: Windows, history: readonly CallRecord[]): string[] {
  const stored = new Set(truth.entries.map(({ logged }) => scopeOfEntry(logged.entry)));
  const calls = Map.groupBy(history, ({ command }) => (isWrite(command) ? scopeOfCommand(command) : ""));
  return [...calls].flatMap(([scope, [only, second]]) => {
    const isContended = only?.outcome?.kind === "refused" && only.outcome.reason === ErrorReason.APPEND_CONTENDED;
    const wrote = isContended && second === undefined && stored.has(scope);
    return wrote ? [`the call with ${scope} ended as contended, and wrote`] : [];
  });
}
