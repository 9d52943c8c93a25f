/**
 * A record of the table's stream, whole, as the JSON that AWS's tools and functions know: bytes in base64, times in seconds.
 * What was read from JSON comes out as it was.
 */
export function toRecordJson(record: unknown): string {
  return JSON.stringify(record, function replace(this: Record<string, unknown>, name, value: unknown) {
    const raw = this[name];
    if (raw instanceof Uint8Array) return Buffer.from(raw).toString("base64");
    if (raw instanceof Date) return raw.getTime() / 1000;
    return value;
  });
}
