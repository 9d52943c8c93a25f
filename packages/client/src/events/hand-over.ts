import { deadLetterKey } from "@maru/protocol";
import { isCanary } from "./canary.ts";
import { type AnyEvent, type EventContext, type GapEvent, type Handlers, handlerFinder } from "./handlers.ts";
import { type Deliverable, type FetchedEvent, seqsOf } from "./lane.ts";
import type { Observation } from "./observation.ts";
import type { PositionStore } from "./position-store.ts";

/** What handing over needs. */
export interface HandOverDeps<Tx> {
  readonly group: string;
  readonly handlers: Handlers<Tx>;
  /** Stores the position of a room with what a handler writes. */
  readonly positions: PositionStore<Tx> | undefined;
  readonly observation: Observation;
  /** Is told when an event has no handler. */
  readonly skipped: (event: AnyEvent) => void;
}

/** Where something is handed over. */
export interface HandOverPlace {
  readonly topic: string;
  readonly partition: number;
  readonly signal: AbortSignal;
}

/** One try of handing something over. */
export interface Delivery {
  readonly attempt: number;
  /** What the consumer knows of the room's position. */
  readonly previousSeq: number | undefined;
  /** It had been skipped: where the room is says nothing about it. @default false */
  readonly redelivered?: boolean;
}

/** Calls the team's handlers. */
export interface HandOver {
  /** Whether somebody must be called: a handler, or the position store from time to time. */
  isAwaited(what: AnyEvent | GapEvent): boolean;
  /** Says that nobody is called. */
  passOver(what: AnyEvent | GapEvent): void;
  /** Rejects as the handler does, and when the position cannot be stored. */
  deliver(deliverable: Deliverable, delivery: Delivery): Promise<void>;
  /**
   * Hands an event over for the first time, where there is no position store. Undefined when its handler has ended already;
   * otherwise a promise of its end, which rejects when it throws.
   */
  deliverNow(event: AnyEvent, fetched: Pick<FetchedEvent, "record" | "receivedAt">): Promise<void> | undefined;
}

/**
 * How many events without a handler may lie between the stored position and the real one. What lies between is read from the
 * table, and passed over again, when the room comes to another consumer; storing each position would cost a write for each.
 */
const STORE_EVERY = 100;

/** Hands over what comes from one partition. */
export function createHandOver<Tx>(deps: HandOverDeps<Tx>, { topic, partition, signal }: HandOverPlace): HandOver {
  const { group, handlers, positions, observation } = deps;
  const handlerOf = handlerFinder(handlers);

  function handlerFor(what: AnyEvent | GapEvent): ((ctx: EventContext<Tx>) => unknown) | undefined {
    if (what.kind === "gap") {
      const gap = isCanary(what.roomId) ? undefined : handlers.gap;
      return gap && ((ctx) => gap(what, ctx));
    }
    const handler = handlerOf(what);
    return handler && ((ctx) => handler(what, ctx));
  }

  function passOver(what: AnyEvent | GapEvent): void {
    if (what.kind === "gap") return;
    deps.skipped(what);
    observation.passedOver(what);
  }

  return {
    isAwaited(what) {
      const handler = what.kind === "gap" ? handlerFor(what) : handlerOf(what);
      return handler !== undefined || (positions !== undefined && seqsOf(what).lastSeq % STORE_EVERY === 0);
    },
    passOver,
    async deliver({ what, offset, kafkaTimestamp, receivedAt }, { attempt, previousSeq, redelivered = false }) {
      const place = { group, topic, partition, offset, kafkaTimestamp, receivedAt };
      const facts = { signal, attempt, redelivered, ...place, handledAt: new Date() };
      const handler = handlerFor(what);
      const work = async (tx: Tx) => void (await handler?.({ ...facts, tx }));
      const run = async () => {
        if (positions !== undefined) {
          const { firstSeq, lastSeq: seq } = seqsOf(what);
          // A skipped event has a position of its own, which no room id can be.
          const roomId = redelivered ? deadLetterKey(what.roomId, firstSeq) : what.roomId;
          return positions.process({ group, roomId, seq, previousSeq }, work);
        }
        await work(undefined as Tx); // Without a store, handlers are typed for a Tx that is undefined.
        return "processed";
      };
      if (handler !== undefined && what.kind !== "gap") return observation.around(what, facts, run);
      await run();
      if (handler === undefined) passOver(what);
    },
    deliverNow(event, { record, receivedAt }) {
      const ctx: EventContext<Tx> = {
        signal,
        attempt: 1,
        redelivered: false,
        group,
        topic,
        partition,
        offset: record.offset,
        kafkaTimestamp: new Date(record.timestampMs),
        receivedAt,
        handledAt: new Date(),
        tx: undefined as Tx, // as above
      };
      return observation.atOnce(event, ctx, handlerOf(event));
    },
  };
}
