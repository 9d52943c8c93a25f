/** What a connection has sent and has no answer for. Messages to one room go one after the other, so that they keep their order. */
export class Sends {
  readonly #rooms = new Map<string, Promise<void>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `work` must not reject. */
  inOrder(roomId: string, work: () => Promise<void>): void {
    const before = this.#rooms.get(roomId);
    const done = this.#counted(before === undefined ? work() : before.then(work)).then(() => {
      if (this.#rooms.get(roomId) === done) this.#rooms.delete(roomId);
    });
    this.#rooms.set(roomId, done);
  }

  /** `work` must not reject. */
  beside(work: () => Promise<void>): void {
    void this.#counted(work());
  }

  #counted(work: Promise<void>): Promise<void> {
    this.#count += 1;
    return work.then(() => {
      this.#count -= 1;
    });
  }
}
