/** What can be hit. Of each, one thing at a time: two brokers at once would be more than three replicas promise to bear. */
export const targets = ["server", "relay", "consumer", "broker", "shards", "connection"] as const;
export type Target = (typeof targets)[number];

/** How it is hit: killed, stopped for a while (SIGSTOP), ended by SIGTERM, rolled, cut off, slowed down. */
export type Blow = "kill" | "pause" | "stop" | "roll" | "cut" | "delay";

export interface PlannedFault {
  readonly target: Target;
  readonly blow: Blow;
  /** Which of several is hit: a number from 0 up to 1. */
  readonly which: number;
  /** How long it stays so, before it is put right. */
  readonly forMs: number;
  /** Time to let pass before it. */
  readonly afterMs: number;
}

interface FaultKind {
  readonly target: Target;
  readonly blow: Blow;
  readonly forMs: readonly [number, number];
  readonly weight: number;
}

/** Pauses of relays go beyond their lease (2 s), those of consumers beyond their session (6 s). */
const kinds: readonly FaultKind[] = [
  { target: "server", blow: "kill", forMs: [200, 2_000], weight: 3 },
  { target: "server", blow: "pause", forMs: [500, 5_000], weight: 2 },
  { target: "relay", blow: "kill", forMs: [200, 3_000], weight: 3 },
  { target: "relay", blow: "pause", forMs: [1_000, 12_000], weight: 3 },
  { target: "consumer", blow: "kill", forMs: [200, 3_000], weight: 3 },
  { target: "consumer", blow: "pause", forMs: [1_000, 15_000], weight: 2 },
  { target: "broker", blow: "kill", forMs: [2_000, 10_000], weight: 2 },
  { target: "broker", blow: "stop", forMs: [500, 4_000], weight: 1 },
  { target: "broker", blow: "pause", forMs: [1_000, 8_000], weight: 2 },
  { target: "shards", blow: "roll", forMs: [0, 0], weight: 3 },
  { target: "connection", blow: "cut", forMs: [100, 1_500], weight: 3 },
  { target: "connection", blow: "delay", forMs: [500, 4_000], weight: 2 },
];

/** The faults of a seed, one after the other, without end. */
export function* planFaults(seed: number): Generator<PlannedFault, never> {
  const random = dice(seed);
  const between = ([least, most]: readonly [number, number]) => Math.round(least + random() * (most - least));
  const bag = kinds.flatMap((kind) => Array.from({ length: kind.weight }, () => kind));
  for (;;) {
    const kind = bag[Math.floor(random() * bag.length)];
    if (kind === undefined) throw new Error("there is no fault to choose from");
    yield {
      target: kind.target,
      blow: kind.blow,
      which: random(),
      forMs: between(kind.forMs),
      afterMs: between([300, 3_000]),
    };
  }
}

/** Numbers from 0 up to 1 that only the seed decides (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
