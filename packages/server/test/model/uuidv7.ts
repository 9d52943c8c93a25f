import type { Dice } from "./dice.ts";

/** A UUIDv7 (RFC 9562, 5.7) born at a time. */
export function uuidv7(dice: Dice, bornAtMs: number): string {
  const time = Math.floor(bornAtMs).toString(16).padStart(12, "0");
  const digits = (count: number) => Array.from({ length: count }, () => dice.int(0, 15).toString(16)).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${digits(3)}-8${digits(3)}-${digits(12)}`;
}
