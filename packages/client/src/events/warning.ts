/** Something that the consumer got over, and that somebody should know of. */
export interface ConsumerWarning {
  /**
   * `gap`: entries of a room are missing. `handlerFailed`: a handler threw, and the event will be handed over again.
   * `unknownType`: events of a type that is not known here are skipped; once per type. `disconnected`: the connection to
   * the group was lost and is being made again. `drainTimeout`: handlers still ran when the time for stopping was over.
   */
  readonly code: "gap" | "handlerFailed" | "unknownType" | "disconnected" | "drainTimeout";
  /** The whole story, for people. */
  readonly message: string;
  readonly roomId?: string;
  /** Number of the entry that the warning is about; of the first that is missing, for `gap`. */
  readonly seq?: number;
  readonly cause?: unknown;
}

/** Reports with Node's own warnings, which go to stderr unless the process says otherwise. */
export function emitProcessWarning(warning: ConsumerWarning): void {
  process.emitWarning(warning.message, { type: "MaruWarning", code: warning.code });
}
