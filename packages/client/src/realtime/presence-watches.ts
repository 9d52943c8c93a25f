import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { UserPresence } from "@maru/protocol/realtime";
import { throwLater, type Unsubscribe } from "./listeners.ts";

/** Whether a member is connected. */
export interface PresenceSignal {
  readonly userId: string;
  readonly isConnected: boolean;
  /** Since when; undefined when not connected. */
  readonly since: Date | undefined;
}

interface Watch {
  readonly roomIds: readonly string[];
  readonly listener: (signal: PresenceSignal) => void;
}

/** The contract's bound. */
const MAX_WATCHED_ROOMS = 50;

/** Who wants to know who is there. The gateway is asked for all of their rooms together, as soon as those are followed. */
export class PresenceWatches {
  readonly #isLive: (roomId: string) => boolean;
  readonly #send: (roomIds: string[]) => void;
  readonly #watches = new Set<Watch>();
  readonly #known = new Map<string, PresenceSignal>();
  #asked: string | undefined;
  #checking = false;

  constructor(isLive: (roomId: string) => boolean, send: (roomIds: string[]) => void) {
    this.#isLive = isLive;
    this.#send = send;
  }

  watch(roomIds: readonly string[], listener: (signal: PresenceSignal) => void): Unsubscribe {
    const all = new Set([...this.#watches].flatMap((watch) => watch.roomIds).concat(roomIds));
    if (all.size > MAX_WATCHED_ROOMS) {
      throw new RangeError(`watchPresence: ${all.size} rooms in all, and ${MAX_WATCHED_ROOMS} may be watched`);
    }
    const watch: Watch = { roomIds: [...roomIds], listener };
    this.#watches.add(watch);
    for (const signal of this.#known.values()) tell(watch, signal);
    this.check();
    return () => {
      this.#watches.delete(watch);
      this.check();
    };
  }

  heard({ userId, connected, since }: UserPresence): void {
    const signal = { userId, isConnected: connected, since: since === undefined ? undefined : timestampDate(since) };
    this.#known.set(userId, signal);
    for (const watch of [...this.#watches]) tell(watch, signal);
  }

  disconnected(): void {
    this.#asked = undefined;
  }

  /** Something changed that may change what has to be asked for. */
  check(): void {
    if (this.#checking) return;
    this.#checking = true;
    queueMicrotask(() => {
      this.#checking = false;
      this.#ask();
    });
  }

  #ask(): void {
    const watched = new Set([...this.#watches].flatMap((watch) => watch.roomIds));
    const roomIds = [...watched].filter(this.#isLive).sort();
    const asked = roomIds.join("\n");
    if (watched.size === 0) this.#known.clear();
    if (asked === (this.#asked ?? "")) return;
    this.#asked = asked;
    this.#send(roomIds);
  }
}

function tell({ listener }: Watch, signal: PresenceSignal): void {
  try {
    listener(signal);
  } catch (thrown) {
    throwLater(thrown);
  }
}
