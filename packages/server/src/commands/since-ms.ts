import { ConfigError } from "../config.ts";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time, or how long ago: `2026-11-25T12:00:00Z`, `90m`, `36h`, `7d`. */
export function sinceMs(text: string, nowMs: number): number {
  const ago = /^(\d+)([smhd])$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * (unitMs[ago[2] ?? ""] ?? 0);
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw new ConfigError([`--since must be a time like 2026-11-25T12:00:00Z or a span like 36h, not "${text}"`]);
  }
  return atMs;
}
