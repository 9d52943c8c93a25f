import { ReconciliationProblem as Problem } from "@maru/protocol";
import type { Finding } from "../domain/admin/reconciliation.ts";
import type { Log } from "../log.ts";
import type { Telemetry } from "../telemetry.ts";

const sentences: Readonly<Record<Problem, string>> = {
  [Problem.UNSPECIFIED]: "entries are not in the topic as they should be",
  [Problem.REFILLED]: "entries were missing in the topic and were written into it again",
  [Problem.PURGED]: "entries are missing in the topic, and retention has removed them from the table since",
  [Problem.UNREADABLE]: "entries are missing in the topic, and the table has nothing readable under their numbers",
  [Problem.REPEATED]: "entries are in the topic more than once, which consumers pass over",
  [Problem.DISORDERED]: "entries came into the topic behind later ones of their room",
  [Problem.UNKNOWN]: "the topic tells of entries that the table has not",
};

/** A line for each finding, and the count of what was written again. */
export function tellFindings(
  log: Log,
  telemetry: Pick<Telemetry, "eventsRefilled">,
): (findings: readonly Finding[]) => void {
  return (findings) => {
    for (const { roomId, problem, first, last, count } of findings) {
      const about = { room_id: roomId, first_seq: first, last_seq: last, entry_count: count };
      if (problem === Problem.REPEATED) log.debug(about, sentences[problem]);
      else if (problem === Problem.REFILLED) log.warn(about, sentences[problem]);
      else log.error(about, sentences[problem]);
      if (problem === Problem.REFILLED) telemetry.eventsRefilled.inc(count);
    }
  };
}
