import type { UserTyping } from "@maru/protocol/realtime";
import { createListeners, throwLater, type Unsubscribe } from "./listeners.ts";

/** A member began to type, or stopped. */
export interface TypingSignal {
  readonly roomId: string;
  readonly userId: string;
  readonly isTyping: boolean;
}

/** So often a gateway is told at most that the user still types. */
const REPEAT_MS = 2_000;

/** Who types. Others are told once when they begin and once when they stop, or when nothing was heard of them for a while. */
export class TypingSignals {
  readonly #send: (roomId: string, stopped: boolean) => boolean;
  readonly #toldAtMs = new Map<string, number>();
  readonly #typing = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #listeners = createListeners<TypingSignal>(throwLater);

  /** @param send returns whether it went out */
  constructor(send: (roomId: string, stopped: boolean) => boolean) {
    this.#send = send;
  }

  on(roomId: string, listener: (signal: TypingSignal) => void): Unsubscribe {
    return this.#listeners.add((signal) => {
      if (signal.roomId === roomId) listener(signal);
    });
  }

  /** The app's own user. Cheap to call for each key that is pressed. */
  say(roomId: string, stopped: boolean): void {
    const nowMs = Date.now();
    const toldAtMs = this.#toldAtMs.get(roomId);
    const isOld = toldAtMs === undefined || nowMs - toldAtMs >= REPEAT_MS;
    if (stopped ? toldAtMs === undefined : !isOld) return;
    if (!this.#send(roomId, stopped)) return;
    if (stopped) this.#toldAtMs.delete(roomId);
    else this.#toldAtMs.set(roomId, nowMs);
  }

  /** The app's own user has sent what was typed: the next key tells anew. */
  sent(roomId: string): void {
    this.#toldAtMs.delete(roomId);
  }

  heard({ roomId, userId, stopped, shownMs }: UserTyping): void {
    const key = `${roomId}\n${userId}`;
    const known = this.#typing.get(key);
    clearTimeout(known);
    this.#typing.delete(key);
    if (!stopped) {
      const over = () => this.#over(key, { roomId, userId, isTyping: false });
      this.#typing.set(key, setTimeout(over, shownMs > 0 ? shownMs : 6_000));
    }
    if (stopped === (known !== undefined)) this.#listeners.tell({ roomId, userId, isTyping: !stopped });
  }

  close(): void {
    for (const timer of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
  }

  #over(key: string, signal: TypingSignal): void {
    this.#typing.delete(key);
    this.#listeners.tell(signal);
  }
}
