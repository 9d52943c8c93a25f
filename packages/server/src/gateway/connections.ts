import type { Connection } from "./connection.ts";

/** All connections of a gateway, and how many each user has. */
export class Connections {
  readonly #all = new Set<Connection>();
  readonly #ofUsers = new Map<string, number>();

  get size(): number {
    return this.#all.size;
  }

  get userCount(): number {
    return this.#ofUsers.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#all.values();
  }

  add(connection: Connection): void {
    this.#all.add(connection);
  }

  delete(connection: Connection): void {
    this.#all.delete(connection);
  }

  countOf(userId: string): number {
    return this.#ofUsers.get(userId) ?? 0;
  }

  entered(userId: string): void {
    this.#ofUsers.set(userId, this.countOf(userId) + 1);
  }

  left(userId: string): void {
    const others = this.countOf(userId) - 1;
    if (others > 0) this.#ofUsers.set(userId, others);
    else this.#ofUsers.delete(userId);
  }
}
