import type { Entry } from "@maru/protocol";
import { isCanary } from "./canary.ts";
import { type CardHandlers, cardHandlerOf } from "./card-events.ts";

/** What can happen in a room, as handlers are named: `messageSent`, `membersAdded`, … */
export type EventKind = NonNullable<Entry["body"]["case"]>;

/**
 * What every event carries. What most handlers do not look at is decoded when it is looked at, and is no property of its own:
 * read it from the event, because a copy (`{ ...event }`, `structuredClone`) does not have it. The type says so, too, by
 * declaring a class; whatever has these properties is one. `JSON.stringify` and `console.log` show all.
 */
export declare abstract class EventFacts {
  /** The room. */
  readonly roomId: string;
  /** Number of the entry in its room: 1, 2, 3, … without holes. */
  readonly seq: number;
  /** The whole entry, with actor, caller and times. */
  abstract get entry(): Entry;
  /** The entry's type as the contract spells it, `message_sent` for example; also of a type that is not known here. */
  readonly type: string;
  /** When the entry was committed to the table; undefined if the event does not say. */
  abstract get committedAt(): Date | undefined;
  /**
   * When the table's stream has the entry from, by the stream's clock and in its resolution; undefined if the event does not
   * say, as a healed one.
   */
  abstract get streamedAt(): Date | undefined;
  /** When the relay took the entry from the table's stream; undefined if the event does not say. */
  abstract get relayedAt(): Date | undefined;
  /** The entry was read from the table later than usual, to close a hole: it may be edited or deleted already. */
  readonly healed: boolean;
}

/** An event of one kind: `EventOf<"messageSent">` has a `Message` as its body. */
export interface EventOf<K extends EventKind> extends EventFacts {
  /** The name of its handler. */
  readonly kind: K;
  /** What happened. */
  readonly body: Extract<Entry["body"], { case: K }>["value"];
}

/** An entry of a type that this version of the contract does not know: a newer server wrote it. */
export interface UnknownEvent extends EventFacts {
  readonly kind: "unknown";
  readonly body: undefined;
}

/** Any event; `event.kind` tells which, and narrows `event.body`. */
export type AnyEvent = { [K in EventKind]: EventOf<K> }[EventKind] | UnknownEvent;

/**
 * Entries of a room that should have come before the next event, did not, and are not in the table either. The room goes on
 * behind them.
 */
export interface GapEvent {
  readonly kind: "gap";
  readonly roomId: string;
  readonly firstMissingSeq: number;
  /** The same as the first when one entry is missing. */
  readonly lastMissingSeq: number;
  /** Why they are not handed over. */
  readonly reason: GapReason;
  /** What the server said, where it said something. */
  readonly cause?: unknown;
}

/**
 * Why entries cannot be had. `purged`: retention took them. `noPermission`: this service may not read the room. `notFound`:
 * the table has no such room, or no such entry. `unreadable`: the relay could not read the entry, or the server cannot. (What
 * was deleted or erased is no gap: it comes, without its content.)
 */
export type GapReason = "purged" | "noPermission" | "notFound" | "unreadable";

/**
 * What a handler learns about the delivery.
 *
 * @typeParam Tx what the position store of the options lets handlers write through
 */
export interface EventContext<Tx = undefined> {
  /**
   * Aborts when the partition goes to another consumer, which will be handed this event again, and when the time for
   * stopping is over. Pass it to whatever the handler waits for.
   */
  readonly signal: AbortSignal;
  /** How often this event has been handed to its handler, this time included: 1, 2, … */
  readonly attempt: number;
  /** The event had been skipped, and is handed over again because somebody asked for it: the room has gone on since. */
  readonly redelivered: boolean;
  /** What is written through this is stored together with the room's position; undefined without `positions`. */
  readonly tx: Tx;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Of the event; of one that was read from the table, that of the event which revealed that it was missing. */
  readonly offset: bigint;
  /** When Kafka was given the event, by the producer's clock; undefined for what was read from the table. */
  readonly kafkaTimestamp: Date | undefined;
  /** When this consumer fetched the event, or read it from the table. */
  readonly receivedAt: Date;
  /** When the handler was called, this time. */
  readonly handledAt: Date;
}

/** What an {@link EventContext} says of the delivery alone, for those who only look on. */
export type DeliveryFacts = Omit<EventContext<unknown>, "tx">;

/** Handles one event. When it returns, or the promise that it returns resolves, the event is done; throwing means a retry. */
export type Handler<E, Tx = undefined> = (event: E, ctx: EventContext<Tx>) => unknown;

/** What to do with which events. Events without a handler are done at once. */
export type Handlers<Tx = undefined> = CardHandlers<Tx> & { readonly [K in EventKind]?: Handler<EventOf<K>, Tx> } & {
  /** Entries of a type that this version does not know. Without this and `any`, they are skipped with a warning. */
  readonly unknown?: Handler<UnknownEvent, Tx>;
  /** Every event that has no handler of its own. */
  readonly any?: Handler<AnyEvent, Tx>;
  /**
   * Entries that cannot be had, in their place in the room; `ctx` is that of the event that revealed it. It is tried again
   * like any event when this throws. There is a warning in any case.
   */
  readonly gap?: Handler<GapEvent, Tx>;
};

/** The handler of an event, if there is one. Nobody is handed the servers' canary. */
export function handlerOf<Tx>(handlers: Handlers<Tx>, event: AnyEvent): Handler<AnyEvent, Tx> | undefined {
  if (isCanary(event.roomId)) return undefined;
  const ofKind = handlers[event.kind] as Handler<AnyEvent, Tx> | undefined;
  return cardHandlerOf(handlers, event) ?? ofKind ?? handlers.any;
}

/** What {@link handlerOf} does, for many events: where no handler is for cards, nobody looks for cards. */
export function handlerFinder<Tx>(handlers: Handlers<Tx>): (event: AnyEvent) => Handler<AnyEvent, Tx> | undefined {
  const { cards = [], unknownCard, any } = handlers;
  if (cards.length > 0 || unknownCard !== undefined) return (event) => handlerOf(handlers, event);
  const ofKinds = new Map(Object.entries(handlers)) as Map<string, Handler<AnyEvent, Tx> | undefined>;
  return ({ kind, roomId }) => (isCanary(roomId) ? undefined : (ofKinds.get(kind) ?? any));
}
