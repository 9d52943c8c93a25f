/**
 * A UUIDv7 (RFC 9562, §5.7). `crypto.randomUUID` is not used: browsers have it on secure pages only.
 *
 * @param unixMs best the server's time
 */
export function makeMessageKey(unixMs: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x70;
  bytes[2] = ((bytes[2] ?? 0) & 0x3f) | 0x80;
  const time = Math.max(0, Math.floor(unixMs)).toString(16).padStart(12, "0");
  const rest = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest.slice(0, 4)}-${rest.slice(4, 8)}-${rest.slice(8)}`;
}
