import type { Clock } from "../domain/clock.ts";

/** What a shard may have to wait for. */
export type ShardWait = "reading" | "sending" | "checkpointing" | "walking";

export interface ShardStall {
  /** Undefined when it hangs in something that has no name here. */
  readonly what: ShardWait | undefined;
  readonly forMs: number;
}

/** Tells a worker that works from one that hangs: the latter throws nothing, and nobody would know. */
export interface ShardPulse {
  /** An answer of the stream came, a batch was acknowledged, or an attempt begins. */
  beat(): void;
  /** Runs what may hang, under its name. */
  during<T>(what: ShardWait, work: () => Promise<T>): Promise<T>;
  /** Undefined while it beats. */
  stall(): ShardStall | undefined;
}

export function createShardPulse(clock: Clock, stalledAfterMs: number): ShardPulse {
  const waits = new Set<{ what: ShardWait }>();
  let beatAtMs = clock.nowMs();
  return {
    beat() {
      beatAtMs = clock.nowMs();
    },
    async during(what, work) {
      const wait = { what };
      waits.add(wait);
      try {
        return await work();
      } finally {
        waits.delete(wait);
      }
    },
    stall() {
      const forMs = clock.nowMs() - beatAtMs;
      const [oldest] = waits;
      return forMs > stalledAfterMs ? { what: oldest?.what, forMs } : undefined;
    },
  };
}

/** For whoever finds the relay standing still. */
export function stallText({ what, forMs }: ShardStall): string {
  const told: Record<ShardWait, string> = {
    reading: "the table's stream has not answered",
    sending: "the brokers have not acknowledged what was sent to them",
    walking: "the table has not answered",
    checkpointing: "the control table has not taken a checkpoint",
  };
  return `${what === undefined ? "nothing has happened" : told[what]} for ${Math.round(forMs / 1000)} s`;
}
