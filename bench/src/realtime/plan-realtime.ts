import { dice } from "../chaos/plan.ts";

/** What can happen to what stands between the log and the sockets. */
export type RealtimeBlow =
  | "kill gateway"
  | "kill server"
  | "kill redis master"
  | "flush redis"
  | "cut sockets"
  | "pause gateway";

export interface RealtimeFault {
  readonly blow: RealtimeBlow;
  /** Which of several: a number from 0 up to 1; of the sockets, the share that is cut. */
  readonly which: number;
  readonly forMs: number;
  readonly afterMs: number;
}

interface FaultKind {
  readonly blow: RealtimeBlow;
  readonly forMs: readonly [number, number];
  readonly weight: number;
}

const kinds: readonly FaultKind[] = [
  { blow: "kill gateway", forMs: [200, 3_000], weight: 3 },
  { blow: "pause gateway", forMs: [500, 8_000], weight: 2 },
  { blow: "kill server", forMs: [200, 2_000], weight: 3 },
  { blow: "kill redis master", forMs: [1_000, 8_000], weight: 2 },
  { blow: "flush redis", forMs: [0, 0], weight: 2 },
  { blow: "cut sockets", forMs: [0, 0], weight: 4 },
];

/** The faults of a seed, one after the other, without end. */
export function* planRealtimeFaults(seed: number): Generator<RealtimeFault, never> {
  const random = dice(seed);
  const between = ([least, most]: readonly [number, number]) => Math.round(least + random() * (most - least));
  const bag = kinds.flatMap((kind) => Array.from({ length: kind.weight }, () => kind));
  for (;;) {
    const kind = bag[Math.floor(random() * bag.length)];
    if (kind === undefined) throw new Error("there is no fault to choose from");
    yield { blow: kind.blow, which: random(), forMs: between(kind.forMs), afterMs: between([300, 3_000]) };
  }
}
