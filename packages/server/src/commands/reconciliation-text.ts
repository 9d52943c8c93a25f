import { type Job, ReconciliationProblem as Problem, type Reconciliation } from "@maru/protocol";

const words: Readonly<Record<Problem, string>> = {
  [Problem.UNSPECIFIED]: "something that this version does not know",
  [Problem.REFILLED]: "were missing, written again",
  [Problem.PURGED]: "are missing, and removed from the table by retention since",
  [Problem.UNREADABLE]: "are missing, and the table has nothing readable under their numbers",
  [Problem.REPEATED]: "are there more than once",
  [Problem.DISORDERED]: "came behind later ones",
  [Problem.UNKNOWN]: "are in the topic and not in the table",
};

/** What a comparison found, in lines. */
export function reconciliationText(found: Reconciliation): string {
  const { comparedCount, missingCount, refilledCount, repeatedCount, disorderedCount, unknownCount, waitingCount } =
    found;
  const counts = [
    `${comparedCount} entries compared`,
    `${missingCount} missing`,
    `${refilledCount} written again`,
    `${repeatedCount} repeats`,
    `${disorderedCount} out of order`,
    `${unknownCount} unknown to the table`,
    `${waitingCount} on their way`,
  ];
  const findings = found.findings.map(({ roomId, problem, firstSeq, lastSeq, entryCount }) => {
    const range = firstSeq === lastSeq ? `${firstSeq}` : `${firstSeq} to ${lastSeq}`;
    const count = entryCount === lastSeq - firstSeq + 1 ? "" : ` (${entryCount} of them)`;
    return `  ${roomId} ${range}${count}: ${words[problem]}`;
  });
  return [`  ${counts.join(", ")}`, ...findings].map((line) => `${line}\n`).join("");
}

export function isLeftMissing({ reconciliation }: Job): boolean {
  return reconciliation !== undefined && reconciliation.missingCount > reconciliation.refilledCount;
}
