import { toSeconds } from "./columns.ts";

/** When an event passed where; undefined where nobody said, as for what was read from the table. */
export interface EventStamps {
  readonly committed: Date | undefined;
  readonly streamed: Date | undefined;
  readonly relayed: Date | undefined;
  readonly kafka: Date | undefined;
  readonly here: Date | undefined;
}

const STAGES = [
  ["committed", "commit"],
  ["streamed", "stream"],
  ["relayed", "relay"],
  ["kafka", "Kafka"],
  ["here", "here"],
] as const;

/**
 * `commit → stream 0.4 s → relay 0.020 s → Kafka 0.003 s → here 0.050 s`, of the stamps that are there. A stamp that is earlier
 * than the one before, as the stream's often is for its coarse clock, counts as that one.
 */
export function delaysOf(stamps: EventStamps): string {
  let line = "";
  let beforeMs = 0;
  for (const [stamp, name] of STAGES) {
    const atMs = stamps[stamp]?.getTime();
    if (atMs === undefined) continue;
    line += line === "" ? name : ` → ${name} ${toSeconds(Math.max(0, atMs - beforeMs) / 1000)}`;
    beforeMs = Math.max(beforeMs, atMs);
  }
  return line;
}
