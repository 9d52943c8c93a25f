/** What a node says of itself under a key: until when it is good, and since when it holds. */
export interface Registration {
  readonly expiresAtMs: number;
  readonly sinceMs: number;
}

export function toRegistration({ expiresAtMs, sinceMs }: Registration): string {
  return `${expiresAtMs} ${sinceMs}`;
}

/** Those that are still good, by node. What cannot be read is of another version, and passed over. */
export function goodRegistrations(fields: Readonly<Record<string, string>>, nowMs: number): Map<string, Registration> {
  const good = new Map<string, Registration>();
  for (const [nodeId, value] of Object.entries(fields)) {
    const [, expiresAt, since] = /^(\d+) (\d+)$/.exec(value) ?? [];
    if (since !== undefined && Number(expiresAt) > nowMs) {
      good.set(nodeId, { expiresAtMs: Number(expiresAt), sinceMs: Number(since) });
    }
  }
  return good;
}
