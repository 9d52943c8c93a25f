import type { ConsumerStall } from "@maru/kafka";

const SHOWN_PARTITIONS = 3;

/** Something that the consumer got over, and that somebody should know of. */
export interface ConsumerWarning {
  /**
   * `gap`: entries of a room are missing. `handlerFailed`: a handler threw, and the event will be handed over again.
   * `unknownType`: events of a type that is not known here are skipped; once per type. `disconnected`: the connection to
   * the group was lost and is being made again. `stalled`: nothing comes although something is there, see `stall`; the
   * consumer joins its group anew. `drainTimeout`: handlers still ran when the time for stopping was over.
   */
  readonly code: "gap" | "handlerFailed" | "unknownType" | "disconnected" | "stalled" | "drainTimeout";
  /** The whole story, for people. */
  readonly message: string;
  readonly roomId?: string;
  /** Number of the entry that the warning is about; of the first that is missing, for `gap`. */
  readonly seq?: number;
  readonly cause?: unknown;
  /** What does not come, and for how long, for `stalled`. */
  readonly stall?: ConsumerStall;
}

/** The warning that nothing comes, for people. */
export function stallWarning(group: string, stall: ConsumerStall): ConsumerWarning {
  const { what, partitions, quietMs, willRejoin, cause } = stall;
  const reasons: Record<ConsumerStall["what"], string> = {
    behind: "events are there and do not come",
    unplaced: "the brokers do not say where its partitions start",
    uncommitted: "the brokers leave its commits unanswered",
    unjoined: "the brokers do not let it in",
    unanswered: "nothing comes, and the brokers do not say whether something is there",
  };
  const shown = partitions.slice(0, SHOWN_PARTITIONS).map(({ topic, partition, position, highOffset }) => {
    return `${topic}/${partition} at ${position} of ${highOffset}`;
  });
  const others = partitions.length - shown.length;
  const where = shown.length === 0 ? "" : ` (${shown.join(", ")}${others > 0 ? ` and ${others} others` : ""})`;
  const then = willRejoin ? "; it joins anew" : "";
  const why = cause === undefined ? "" : `: ${cause instanceof Error ? cause.message : String(cause)}`;
  const message = `group ${group} has been without events for ${Math.round(quietMs / 1000)} s: ${reasons[what]}${where}${then}${why}`;
  return { code: "stalled", message, stall, ...(cause === undefined ? {} : { cause }) };
}

/** Reports with Node's own warnings, which go to stderr unless the process says otherwise. */
export function emitProcessWarning(warning: ConsumerWarning): void {
  process.emitWarning(warning.message, { type: "MaruWarning", code: warning.code });
}
