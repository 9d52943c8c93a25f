import type { Entry } from "@maru/protocol";
import type { Alarm } from "../clock.ts";
import type { Store } from "../store.ts";
import { partEntries } from "./tail-feed.ts";

export interface RoomTailOptions {
  readonly store: Pick<Store, "readEntries">;
  readonly alarm: Alarm;
  /** Pause between two looks at a room in which something happens elsewhere. */
  readonly minPollMs: number;
  /** Pause in a room in which nothing does. */
  readonly maxPollMs: number;
}

const noEntries: readonly Entry[] = [];

type Wake = (next: readonly Entry[]) => void;

/** The end of one room's log, looked for while somebody waits for it. */
export class RoomTail {
  readonly #roomId: string;
  readonly #options: RoomTailOptions;
  readonly #waiting = new Set<Wake>();
  /** The highest number that is known. Everybody who waits has read up to it. */
  #lastSeq = 0;
  #pauseMs: number;
  #next: Disposable | undefined;
  #polling = false;
  #stopped = false;
  #failure: unknown;

  constructor(roomId: string, options: RoomTailOptions) {
    this.#roomId = roomId;
    this.#options = options;
    this.#pauseMs = options.minPollMs;
  }

  get failure(): unknown {
    return this.#failure;
  }

  whenGrown(after: number, wake: Wake): Disposable {
    if (after < this.#lastSeq) {
      wake(noEntries);
      return { [Symbol.dispose]: () => {} };
    }
    this.#grow(after, noEntries);
    this.#waiting.add(wake);
    this.#schedule();
    return { [Symbol.dispose]: () => this.#waiting.delete(wake) };
  }

  /** Entries of the room without holes, wherever they were seen. */
  learn(entries: readonly Entry[]): void {
    const [first, last] = [entries.at(0), entries.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#grow(last.seq, first.seq === this.#lastSeq + 1 ? entries : noEntries);
  }

  stop(): void {
    this.#stopped = true;
    this.#next?.[Symbol.dispose]();
  }

  #grow(lastSeq: number, next: readonly Entry[]): void {
    if (lastSeq <= this.#lastSeq) return;
    this.#lastSeq = lastSeq;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake(next);
  }

  /** A pause that runs goes on although those who waited are busy with what came: they come back. */
  #schedule(): void {
    if (this.#stopped || this.#polling || this.#next !== undefined) return;
    this.#next = this.#options.alarm(this.#pauseMs, () => {
      this.#next = undefined;
      if (this.#waiting.size > 0) this.#poll();
    });
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    const { store } = this.#options;
    try {
      const page = await store.readEntries({ roomId: this.#roomId, after: this.#lastSeq, limit: partEntries });
      this.#failure = undefined;
      this.#pauseMs = this.#pauseAfter(page.length > 0);
      this.learn(page.map(({ entry }) => entry));
    } catch (failure) {
      this.#failure = failure;
      this.#pauseMs = this.#pauseAfter(false);
    }
    this.#polling = false;
    if (this.#waiting.size > 0) this.#schedule();
  }

  /** A conversation has pauses: the looks become rarer slowly, over some ten times the longest pause. */
  #pauseAfter(found: boolean): number {
    const { minPollMs, maxPollMs } = this.#options;
    return found ? minPollMs : Math.min(maxPollMs, this.#pauseMs * 1.1);
  }
}
