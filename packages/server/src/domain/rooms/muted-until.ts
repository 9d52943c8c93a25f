import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

/** The years 1 to 9999: what Protobuf calls a time. Others have no text, and so could be neither stored nor sent as JSON. */
const [firstSecond, lastSecond] = [-62_135_596_800n, 253_402_300_799n];

export function requireTime(field: string, time: Timestamp | undefined): void {
  if (time === undefined) return;
  const isOfRange = time.seconds >= firstSecond && time.seconds <= lastSecond;
  if (isOfRange && time.nanos >= 0 && time.nanos < 1_000_000_000) return;
  throw new MaruError(ErrorReason.INVALID_REQUEST, {
    violations: [{ field, description: "must be a time of the years 1 to 9999" }],
  });
}

/** What is muted until a time that has passed is not muted. */
export function mutedUntilAt(nowMs: number, until: Timestamp | undefined): Timestamp | undefined {
  return until !== undefined && timestampMs(until) > nowMs ? until : undefined;
}
