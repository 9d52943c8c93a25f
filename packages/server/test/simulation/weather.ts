import type { Dice } from "../model/dice.ts";

/** What can befall a run beside the faults of its network. */
export type Blow =
  | "rollShard"
  | "trimShard"
  | "killRelay"
  | "freezeRelay"
  | "drainRelay"
  | "killConsumer"
  | "freezeConsumer"
  | "closeConsumer"
  | "rebalance"
  | "forgetOffsets"
  | "redrive"
  | "killServer";

/** How much of each trouble a run meets. Every run draws its own, so that some have much of one and none of another. */
export interface Weather {
  readonly serverCount: number;
  readonly senderCount: number;
  readonly roomCount: number;
  readonly messagesPerSender: number;
  readonly relayCount: number;
  readonly consumerCount: number;
  readonly partitionCount: number;
  /** How long a message takes to get somewhere, at most; some take ten times as long. */
  readonly latencyMs: number;
  readonly slow: number;
  /** A request is lost, and its sender is told of a failure. */
  readonly loseRequest: number;
  /** A request is done, and its answer is lost. */
  readonly loseAnswer: number;
  /** A handler throws. */
  readonly handlerFails: number;
  /** A room's entry that no handler can bear, until the weather is calm. */
  readonly poison: number;
  readonly handlerMs: number;
  readonly commitIntervalMs: number;
  /** The agent that writes to Kafka loses an event. */
  readonly hole: number;
  /** That a step of the run is followed by a rebalance. */
  readonly rebalanceAtStep: number;
  readonly positions: boolean;
  readonly onFailure: "park" | "skip" | "stop";
  /** 0: there are none. */
  readonly blowEveryMs: number;
  readonly blows: Readonly<Record<Blow, number>>;
}

export function drawWeather(dice: Dice): Weather {
  const some = (most: number) => (dice.chance(0.5) ? 0 : dice.next() * most);
  const seldom = () => (dice.chance(0.5) ? 0 : dice.next());
  return {
    serverCount: dice.int(1, 2),
    senderCount: dice.int(1, 3),
    roomCount: dice.int(1, 3),
    messagesPerSender: dice.int(2, 6),
    relayCount: dice.int(1, 2),
    consumerCount: dice.int(1, 2),
    partitionCount: dice.int(1, 3),
    latencyMs: dice.pick([0, 2, 10, 30]),
    slow: some(0.1),
    loseRequest: some(0.1),
    loseAnswer: some(0.15),
    handlerFails: some(0.3),
    poison: dice.chance(0.7) ? 0 : dice.next() * 0.1,
    handlerMs: dice.pick([0, 5, 50, 300]),
    commitIntervalMs: dice.pick([0, 20, 500]),
    hole: dice.chance(0.7) ? 0 : dice.next() * 0.15,
    rebalanceAtStep: dice.chance(0.8) ? 0 : dice.next() * 0.05,
    positions: dice.chance(0.5),
    onFailure: dice.pick(["park", "park", "skip", "stop"]),
    blowEveryMs: dice.pick([50, 100, 300, 0]),
    blows: {
      rollShard: seldom(),
      trimShard: dice.chance(0.9) ? 0 : 0.2,
      killRelay: seldom(),
      freezeRelay: seldom(),
      drainRelay: seldom(),
      killConsumer: seldom(),
      freezeConsumer: seldom(),
      closeConsumer: seldom(),
      rebalance: seldom(),
      forgetOffsets: seldom() * 0.1,
      redrive: seldom(),
      killServer: seldom() * 0.5 + 0.1,
    },
  };
}
