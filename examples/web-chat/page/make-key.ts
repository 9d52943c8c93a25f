/** A key that makes a call safe to repeat. `crypto.randomUUID` is not used: browsers have it on secure pages only. */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
