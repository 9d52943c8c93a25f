import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";

const TEXT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;

/** ISO 8601 in UTC with 3, 6 or 9 digits after the second: as many as lose nothing. */
export function timestampText(timestamp: Timestamp): string {
  const { nanos } = timestamp;
  const text = new Date(Number(timestamp.seconds) * 1000 + Math.floor(nanos / 1_000_000)).toISOString();
  if (nanos % 1_000_000 === 0) return text;
  const digits = String(nanos).padStart(9, "0");
  return `${text.slice(0, -4)}${nanos % 1000 === 0 ? digits.slice(0, 6) : digits}Z`;
}

/** Undefined when the text is no such time. */
export function parseTimestampText(text: string): Timestamp | undefined {
  const [, toSecond, fraction = ""] = TEXT.exec(text) ?? [];
  if (toSecond === undefined) return undefined;
  const epochMs = Date.parse(`${toSecond}Z`);
  if (Number.isNaN(epochMs)) return undefined;
  return create(TimestampSchema, { seconds: BigInt(epochMs / 1000), nanos: Number(fraction.padEnd(9, "0")) });
}
