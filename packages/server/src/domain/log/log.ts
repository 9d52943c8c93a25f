import type { Entry } from "@maru/protocol";
import type { LRUCache } from "lru-cache";
import type { Clock, Random } from "../clock.ts";
import { createFanOut, type FanOut } from "../fan-out.ts";
import { createSharedReads, type SharedReads } from "../shared-reads.ts";
import type { Store } from "../store.ts";
import { createRoomCache } from "./room-cache.ts";
import { createRoomQueue, type RoomQueue } from "./room-queue.ts";
import type { RoomView } from "./view.ts";

/**
 * Retention touches nothing that was appended later than this ago. A server uses a cached tail for far less, so no put
 * can land in what retention removed.
 */
export const retentionMinAgeMs = 24 * 60 * 60 * 1000;

export interface LogLimits {
  /** How long a proven tail may be used for a put. */
  readonly cachedTailMaxAgeMs: number;
  /** Age from which a tail that is likely to lose is read again before a put. */
  readonly contestedTailMaxAgeMs: number;
  /** A put is not tried again after this. */
  readonly appendTimeoutMs: number;
  readonly appendMaxAttempts: number;
  /** Upper end of the pause after a lost put; it does not grow, or the luckiest server would win all. */
  readonly lossPauseMaxMs: number;
  /** Appends to one room that may wait in this process. */
  readonly roomQueueMaxLength: number;
  /** How far a key's clock may be off the server's. */
  readonly keyMaxSkewMs: number;
  /** How many entries are read back for an old key. */
  readonly keyReadBackEntries: number;
  readonly cacheBytes: number;
  /** Reads of one room each that calls for many rooms may have under way, all together. */
  readonly maxRoomReads: number;
}

export const defaultLogLimits: LogLimits = {
  cachedTailMaxAgeMs: 10 * 60_000,
  contestedTailMaxAgeMs: 2_000,
  appendTimeoutMs: 30_000,
  appendMaxAttempts: 100,
  lossPauseMaxMs: 10,
  roomQueueMaxLength: 1_000,
  keyMaxSkewMs: 60_000,
  keyReadBackEntries: 10_000,
  cacheBytes: 64 * 1024 * 1024,
  maxRoomReads: 16,
};

export interface LogOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: (ms: number) => Promise<void>;
  readonly newKey: () => string;
  readonly limits: LogLimits;
  /** Called for each put that lost its number, for metrics. */
  readonly onLost?: () => void;
  /** Called for each entry that this process stored, before the call is answered. Must neither wait nor throw. */
  readonly onStored?: (entry: Entry) => void;
}

/** The logs of all rooms as one process sees them: the cache of views, and one queue for each room. */
export interface Log extends LogOptions {
  readonly views: LRUCache<string, RoomView>;
  readonly queue: RoomQueue;
  readonly fanOut: FanOut;
  readonly shared: SharedReads;
  /** A number that rises with each call: what began at a later turn began later. */
  turn(): number;
}

export function createLog(options: LogOptions): Log {
  let turns = 0;
  return {
    ...options,
    views: createRoomCache(options.limits.cacheBytes),
    queue: createRoomQueue(options.limits.roomQueueMaxLength),
    fanOut: createFanOut(options.limits.maxRoomReads),
    shared: createSharedReads(),
    turn: () => ++turns,
  };
}
