import type { EncodedFrame } from "./encoded-frame.ts";

/** The frames of a room's last entries, without holes: the last of them is the newest entry that the gateway has of the room. */
export class RecentFrames {
  readonly #max: number;
  #frames: EncodedFrame[] = [];
  #lastSeq: number;

  constructor(max: number, lastSeq: number) {
    this.#max = max;
    this.#lastSeq = lastSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Number of the first frame that is kept; one more than the last where none is. */
  get firstSeq(): number {
    return this.#lastSeq + 1 - this.#frames.length;
  }

  /** Must be the frame of the next entry. */
  add(frame: EncodedFrame): void {
    this.#lastSeq++;
    this.#frames.push(frame);
    // Not at each frame: to shift costs what is kept.
    if (this.#frames.length >= 2 * this.#max) this.#frames = this.#frames.slice(-this.#max);
  }

  /** Entries are missing before what comes next. */
  restart(lastSeq: number): void {
    this.#frames = [];
    this.#lastSeq = lastSeq;
  }

  /** The frames after a number; undefined when not all of them are kept. */
  after(seq: number): readonly EncodedFrame[] | undefined {
    if (seq < this.firstSeq - 1 || seq > this.#lastSeq) return undefined;
    return this.#frames.slice(seq - this.firstSeq + 1);
  }
}
