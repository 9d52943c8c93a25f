import type { AnyEvent, DeliveryFacts } from "./handlers.ts";
import type { ConsumerLag } from "./lag.ts";

/**
 * Where a consumer's numbers go, `subscribe`'s option `metrics`. `prometheusMetrics()` of
 * `@maru/client/metrics/prometheus` makes one; anything else that counts can be put behind it. One may serve several
 * consumers.
 */
export interface ConsumerMetrics {
  /** A consumer starts. What is returned is told of all that happens in it. Must not throw, nor may the meter. */
  watch(consumer: WatchedConsumer): ConsumerMeter;
}

/** A consumer, for metrics that are read and not told. */
export interface WatchedConsumer {
  readonly group: string;
  readonly topic: string;
  /** How many handlers run now. */
  readonly inFlightCount: number;
  /** What the consumer has not done yet. Cheap: it asks nobody and walks only over what was fetched. */
  lag(): ConsumerLag;
}

/** How a delivery ended. `unhandled`: there is no handler for the event, and it is done. `failed`: the handler threw. */
export type DeliveryOutcome = "handled" | "unhandled" | "failed";

/** One call of a handler, or an event that has none. */
export interface Delivery {
  readonly event: AnyEvent;
  /** Undefined for an event that has no handler. */
  readonly ctx: DeliveryFacts | undefined;
  readonly outcome: DeliveryOutcome;
  /** How long the handler ran; 0 when there is none. */
  readonly seconds: number;
}

/** Is told what happens in one consumer. */
export interface ConsumerMeter {
  /** A handler ended, or an event was passed over for want of one. */
  delivered(delivery: Delivery): void;
  /** A failed event will be handed over again. */
  retried(): void;
  /** An event that was done already came again, and was dropped. */
  repeatDropped(): void;
  /** So many missing entries were fetched, to be handed over in order. */
  healed(entryCount: number): void;
  /** So many entries cannot be had: the handler `gap` is told why. */
  gapTold(reason: string, entryCount: number): void;
  /** A room was parked: its events wait for a redrive. */
  parked(): void;
  /** An event was given up and put among the dead letters. */
  skipped(): void;
  /** A parked room or a skipped event was handed over again because somebody asked for it, and is done. */
  redriven(): void;
  /** The brokers stored how far the group is in a partition. */
  committed(): void;
  /** The consumer ended. */
  closed(): void;
}
