import type { Entry } from "@maru/protocol";

/**
 * What a room's loop gets. `entry`: what happened, seq by seq without holes. `gap`: what lies between `after` and `lastSeq` does
 * not come, because it is too much or was purged; read it where the app reads history (`lastSeq` included), or show less. `lastSeq`
 * is below `after` when the room has lost its end, after a restore from a backup say.
 */
export type RoomItem =
  | { readonly kind: "entry"; readonly seq: number; readonly entry: Entry }
  | { readonly kind: "gap"; readonly after: number; readonly lastSeq: number };

/** What waits for one reader of a room: in order, each once, and never more than a bound. */
export class RoomBuffer {
  readonly #items: RoomItem[] = [];
  readonly #maxItems: number;
  #position: number;
  #end: number;
  #handed: RoomItem | undefined;
  #behind = false;

  /** @param after the app has everything up to it */
  constructor(after: number, maxItems: number) {
    this.#position = after;
    this.#end = after;
    this.#maxItems = maxItems;
  }

  /** The app has dealt with everything up to it. */
  get position(): number {
    return this.#position;
  }

  /** Everything up to it was handed over or waits here. */
  get end(): number {
    return this.#end;
  }

  /** Something after `end` came and was not kept: it has to be fetched again once there is room. */
  get isBehind(): boolean {
    return this.#behind;
  }

  offer(entry: Entry): void {
    if (entry.seq <= this.#end) return;
    if (this.#behind || entry.seq > this.#end + 1 || this.#items.length >= this.#maxItems) {
      this.#behind = true;
      return;
    }
    this.#items.push({ kind: "entry", seq: entry.seq, entry });
    this.#end = entry.seq;
  }

  /** What lies up to `lastSeq` does not come. */
  skipTo(lastSeq: number): void {
    if (this.#behind || lastSeq === this.#end) return;
    const last = this.#items.at(-1);
    const after = last?.kind === "gap" ? last.after : this.#end;
    if (last?.kind === "gap") this.#items.pop();
    this.#items.push({ kind: "gap", after, lastSeq });
    this.#end = lastSeq;
  }

  /** The next one, if there is one. Asking for it says that the one before is dealt with. */
  take(): RoomItem | undefined {
    this.settle();
    this.#handed = this.#items.shift();
    return this.#handed;
  }

  /** The one that was handed over last is dealt with. */
  settle(): void {
    if (this.#handed !== undefined) this.#position = endOf(this.#handed);
    this.#handed = undefined;
  }

  /** There is room again: from now on everything after `end` counts. */
  catchUp(): void {
    this.#behind = false;
  }
}

function endOf(item: RoomItem): number {
  return item.kind === "entry" ? item.seq : item.lastSeq;
}
