/** Counts the bytes that wait for acknowledgement, and makes senders wait, in their order, when there are too many. */
export class PendingBytes {
  readonly #maxBytes: number;
  readonly #waiting: { sizeBytes: number; admit: () => void }[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that were admitted and not yet released. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when `sizeBytes` more fit. */
  take(sizeBytes: number): Promise<void> {
    return new Promise((admit) => {
      this.#waiting.push({ sizeBytes, admit });
      this.#admit();
    });
  }

  release(sizeBytes: number): void {
    this.#bytes -= sizeBytes;
    this.#admit();
  }

  /** Lets everybody in, whatever the size: for closing, where they are then refused. */
  open(): void {
    for (const next of this.#waiting.splice(0)) {
      this.#bytes += next.sizeBytes;
      next.admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#bytes + next.sizeBytes <= this.#maxBytes; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#bytes += next.sizeBytes;
      next.admit();
    }
  }
}
