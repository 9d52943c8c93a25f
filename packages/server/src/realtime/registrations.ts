import type { Clock } from "../domain/clock.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { toRegistration } from "./registration.ts";

/** Somebody who is gone is forgotten after this. */
export const registrationTtlMs = 60_000;
const atOnce = 500;

export interface RegistrationsOptions {
  readonly redis: RedisConnection;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly keyOf: (id: string) => string;
}

interface Registered {
  readonly sinceMs: number;
  /** Whether Redis has said that it has it. */
  state: "adding" | "held" | "failed";
}

/** What this node has said of itself under many keys: kept alive, and put back when Redis lost it. */
export class Registrations {
  readonly #options: RegistrationsOptions;
  readonly #registered = new Map<string, Registered>();
  /** Kept until a refresh has come to its end: one that broke off may have put back what was missing. */
  #lacked = false;

  constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#registered.size;
  }

  /** Whether something is not in Redis that should be. */
  get incomplete(): boolean {
    return [...this.#registered.values()].some(({ state }) => state === "failed");
  }

  async add(id: string, sinceMs: number): Promise<void> {
    const registered: Registered = { sinceMs, state: "adding" };
    this.#registered.set(id, registered);
    try {
      await this.#put([[id, registered]]);
      registered.state = "held";
    } catch (error) {
      registered.state = "failed";
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    if (!this.#registered.delete(id)) return;
    await this.#take([id]);
  }

  /** Makes all live longer. True when Redis lacked some, or may have: others did not see them, for a while. */
  async refresh(): Promise<boolean> {
    for (const ids of inChunks([...this.#registered.keys()])) {
      // Some may have been removed since, and those that are being added are not there yet.
      const registered = ids.flatMap((id) => {
        const one = this.#registered.get(id);
        return one === undefined || one.state === "adding" ? [] : [[id, one] as const];
      });
      const failed = registered.some(([, { state }]) => state === "failed");
      const added = await this.#put(registered).catch((error: unknown) => {
        this.#lacked = true;
        throw error;
      });
      for (const [, one] of registered) one.state = "held";
      this.#lacked ||= added || failed;
    }
    const lacked = this.#lacked;
    this.#lacked = false;
    return lacked;
  }

  async clear(): Promise<void> {
    const all = [...this.#registered.keys()];
    this.#registered.clear();
    for (const ids of inChunks(all)) await this.#take(ids);
  }

  /** Whether some of them were new to Redis. */
  async #put(registered: readonly (readonly [id: string, Registered])[]): Promise<boolean> {
    const { redis, nodeId, clock, keyOf } = this.#options;
    if (registered.length === 0) return false;
    const expiresAtMs = clock.nowMs() + registrationTtlMs;
    const added = await redis.run((cluster) =>
      Promise.all(
        registered.flatMap(([id, { sinceMs }]) => [
          cluster.hset(keyOf(id), nodeId, toRegistration({ expiresAtMs, sinceMs })),
          cluster.pexpire(keyOf(id), registrationTtlMs).then(() => 0),
        ]),
      ),
    );
    return added.some((count) => count > 0);
  }

  async #take(ids: readonly string[]): Promise<void> {
    const { redis, nodeId, keyOf } = this.#options;
    await redis.run((cluster) => Promise.all(ids.map((id) => cluster.hdel(keyOf(id), nodeId))));
  }
}

function inChunks(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / atOnce) }, (_, index) =>
    ids.slice(index * atOnce, (index + 1) * atOnce),
  );
}
