import { randomUUID } from "node:crypto";

/** A UUIDv7 (RFC 9562, §5.7): 48 bits of Unix time in milliseconds, and 74 random bits. */
export function uuidv7(unixMs: number): string {
  const time = Math.max(0, Math.floor(unixMs)).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${randomUUID().slice(15)}`;
}

/** The clock that keys take their time from. */
export interface KeyClock {
  /** Milliseconds since 1970, by the system's clock until a server has told the time. */
  nowMs(): number;
  /** From now on the time runs from what a server said, on the monotonic clock: later steps of the system's clock do no harm. */
  correct(serverMs: number): void;
}

/** @param clocks the system's clock in Unix milliseconds, and one that never goes back */
export function createKeyClock(clocks: { readonly unixMs: () => number; readonly steadyMs: () => number }): KeyClock {
  let offsetMs: number | undefined;
  return {
    nowMs: () => (offsetMs === undefined ? clocks.unixMs() : clocks.steadyMs() + offsetMs),
    correct(serverMs) {
      offsetMs = serverMs - clocks.steadyMs();
    },
  };
}

/** Reads a server's time as it stands in an error's metadata: RFC 3339, or milliseconds since 1970. */
export function parseServerTime(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const unixMs = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(unixMs) ? unixMs : undefined;
}
