import { setImmediate as turn } from "node:timers/promises";
import type { Alarm, Clock } from "../src/domain/clock.ts";

/** A clock that stands until a test turns it, and the alarms that are set on it. */
export class TurnedClock implements Clock {
  readonly #alarms = new Set<{ readonly atMs: number; readonly ring: () => void }>();
  #nowMs = Date.UTC(2026, 10, 23);

  nowMs(): number {
    return this.#nowMs;
  }

  get alarmCount(): number {
    return this.#alarms.size;
  }

  readonly alarm: Alarm = (ms, ring) => {
    const one = { atMs: this.#nowMs + ms, ring };
    this.#alarms.add(one);
    return { [Symbol.dispose]: () => this.#alarms.delete(one) };
  };

  /** Rings what is due, one after the other, and lets each do what it does. */
  async turn(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const [first] = [...this.#alarms].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs);
      if (first === undefined) break;
      this.#alarms.delete(first);
      this.#nowMs = Math.max(this.#nowMs, first.atMs);
      first.ring();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets everything happen that waits for no alarm: a memory store answers within the turn. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await turn();
}
