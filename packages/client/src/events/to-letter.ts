import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type DeadLetter, DeadLetterSchema, type DeadLetterState } from "@maru/protocol";

/** How something failed for good. */
export interface GivenUp {
  readonly group: string;
  readonly roomId: string;
  readonly seq: number;
  /** The entry's type. */
  readonly type: string;
  readonly place: { readonly topic: string; readonly partition: number; readonly offset: bigint };
  readonly attempts: number;
  readonly firstFailedAt: Date;
  readonly lastFailedAt: Date;
  readonly error: unknown;
}

const MAX_ERROR_LENGTH = 1000;

/** The dead letter of something that failed for good; of the same that had failed before, with all attempts and the first time. */
export function toLetter(givenUp: GivenUp, state: DeadLetterState, before: DeadLetter | undefined): DeadLetter {
  const { group, roomId, seq, type, place, attempts, firstFailedAt, lastFailedAt, error } = givenUp;
  const same = before?.seq === seq ? before : undefined;
  return create(DeadLetterSchema, {
    group,
    roomId,
    seq,
    type,
    state,
    attemptCount: attempts + (same?.attemptCount ?? 0),
    firstFailedAt: same?.firstFailedAt ?? timestampFromDate(firstFailedAt),
    lastFailedAt: timestampFromDate(lastFailedAt),
    error: (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR_LENGTH),
    ...place,
  });
}

/** The letter of a replay that has come so far: somebody who begins anew begins there. */
export function toProgress(letter: DeadLetter, nextSeq: number): DeadLetter {
  const { $typeName: _, ...rest } = letter;
  return create(DeadLetterSchema, { ...rest, seq: nextSeq, type: "", attemptCount: 0, error: "" });
}
