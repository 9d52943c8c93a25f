const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `15m`, `90d`: a whole number and one of s, m, h, d. Undefined for any other text, and for 0. */
export function parseDuration(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const durationMs = Number(number) * unitMs[unit as keyof typeof unitMs];
  return durationMs > 0 ? durationMs : undefined;
}
