import type { SeenEntry } from "../faults/compare-topic.ts";

/** How the journal of what was handled differs from the table. All zero, but for `handled`, when each was handled once. */
export interface JournalFindings {
  /** Lines of the journal. */
  readonly handled: number;
  /** Entries of the table that have no line. */
  readonly unhandled: number;
  /** Lines of an entry after its first. */
  readonly handledAgain: number;
  /** Lines that are not as the entry in the table, or have none there. */
  readonly handledOther: number;
}

export function checkJournal(table: Iterable<SeenEntry>, journal: Iterable<SeenEntry>): JournalFindings {
  const wanted = new Map([...table].map((entry) => [nameOf(entry), entry.fingerprint]));
  const seen = new Set<string>();
  let handled = 0;
  let handledAgain = 0;
  let handledOther = 0;
  for (const line of journal) {
    const name = nameOf(line);
    handled++;
    if (wanted.get(name) !== line.fingerprint) handledOther++;
    if (seen.has(name)) handledAgain++;
    seen.add(name);
  }
  const unhandled = [...wanted.keys()].filter((name) => !seen.has(name)).length;
  return { handled, unhandled, handledAgain, handledOther };
}

function nameOf({ roomId, seq }: SeenEntry): string {
  return `${roomId}/${seq}`;
}
