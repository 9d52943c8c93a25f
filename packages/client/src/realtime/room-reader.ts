import type { RealtimeError } from "./realtime-error.ts";
import type { RoomBuffer, RoomItem } from "./room-buffer.ts";

/** What a loop waits on: takes from the buffer, or waits until there is something, or the end. */
export class RoomReader {
  buffer: RoomBuffer | undefined;
  /** An item was asked for, so its position counts. */
  hasBegun = false;
  readonly #drained: (reader: RoomReader) => void;
  readonly #moved: (reader: RoomReader) => void;
  #end: { readonly error: RealtimeError | undefined } | undefined;
  #waiting: (() => void)[] = [];

  /** @param drained there is room in the buffer again @param moved the app has dealt with more than before */
  constructor(drained: (reader: RoomReader) => void, moved: (reader: RoomReader) => void) {
    this.#drained = drained;
    this.#moved = moved;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  async next(): Promise<IteratorResult<RoomItem, undefined>> {
    this.hasBegun = true;
    for (;;) {
      const before = this.buffer?.position;
      const item = this.buffer?.take();
      if (this.buffer !== undefined && this.buffer.position !== before) this.#moved(this);
      if (item !== undefined) return { done: false, value: item };
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return { done: true, value: undefined };
      if (this.buffer?.isBehind) this.#drained(this);
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  /** There may be something new. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** After what waits in the buffer nothing comes. */
  end(error?: RealtimeError): void {
    this.#end ??= { error };
    this.wake();
  }
}
