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

/** `commit → stream 0.4 s → relay 0.020 s → Kafka 0.003 s → here 0.050 s`, of the stamps that are there. */
export function delaysOf(stamps: EventStamps): string {
  let before: Date | undefined;
  let line = "";
  for (const [stamp, name] of STAGES) {
    const at = stamps[stamp];
    if (at === undefined) continue;
    if (before === undefined) line = name;
    else line += ` → ${name} ${toSeconds(Math.max(0, at.getTime() - before.getTime()) / 1000)}`;
    before = at;
  }
  return line;
}
