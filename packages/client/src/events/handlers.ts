import type { Entry } from "@maru/protocol";
import { type CardHandlers, cardHandlerOf } from "./card-events.ts";

/** What can happen in a room, as handlers are named: `messageSent`, `membersAdded`, … */
export type EventKind = NonNullable<Entry["body"]["case"]>;

/** What every event carries. */
export interface EventFacts {
  /** The room. */
  readonly roomId: string;
  /** Number of the entry in its room: 1, 2, 3, … without holes. */
  readonly seq: number;
  /** The whole entry, with actor, caller and times. */
  readonly entry: Entry;
  /** The entry's type as the contract spells it, `message_sent` for example; also of a type that is not known here. */
  readonly type: string;
  /** When the entry was committed to the table; undefined if the event does not say. */
  readonly committedAt: Date | undefined;
  /** When the relay took the entry from the table's stream; undefined if the event does not say. */
  readonly relayedAt: Date | undefined;
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
 * Entries of a room that should have come before the next event, and did not. They are in the table all the same:
 * `maru.events.listEntries({ roomId, after: firstMissingSeq - 1 })` reads them.
 */
export interface GapEvent {
  readonly roomId: string;
  readonly firstMissingSeq: number;
  /** The same as the first when one entry is missing. */
  readonly lastMissingSeq: number;
  /** Why they are not handed over. */
  readonly reason: GapReason;
}

/**
 * Why entries are not handed over. `purged`: retention took them. `noPermission`: this service may not read the room.
 * `notFound`: the server does not know the room. `unreadable`: the relay could not read them, and the table has none that can
 * be read. `notHealed`: the consumer does not fetch entries.
 */
export type GapReason = "purged" | "noPermission" | "notFound" | "unreadable" | "notHealed";

/** What a handler learns about the delivery. */
export interface EventContext {
  /**
   * Aborts when the partition goes to another consumer, which will be handed this event again, and when the time for
   * stopping is over. Pass it to whatever the handler waits for.
   */
  readonly signal: AbortSignal;
  /** How often this event has been handed to its handler, this time included: 1, 2, … */
  readonly attempt: number;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** When Kafka was given the event, by the producer's clock. */
  readonly kafkaTimestamp: Date;
  /** When this consumer fetched the event. */
  readonly receivedAt: Date;
}

/** Handles one event. When it returns, or the promise that it returns resolves, the event is done; throwing means a retry. */
export type Handler<E> = (event: E, ctx: EventContext) => unknown;

/** What to do with which events. Events without a handler are done at once. */
export type Handlers = CardHandlers & { readonly [K in EventKind]?: Handler<EventOf<K>> } & {
  /** Entries of a type that this version does not know. Without this and `any`, they are skipped with a warning. */
  readonly unknown?: Handler<UnknownEvent>;
  /** Every event that has no handler of its own. */
  readonly any?: Handler<AnyEvent>;
  /** Entries that are missing, before the event that revealed it; `ctx` is that event's. There is a warning in any case. */
  readonly gap?: Handler<GapEvent>;
};

/** The handler of an event, if there is one. */
export function handlerOf(handlers: Handlers, event: AnyEvent): Handler<AnyEvent> | undefined {
  const ofKind = handlers[event.kind] as Handler<AnyEvent> | undefined;
  return cardHandlerOf(handlers, event) ?? ofKind ?? handlers.any;
}
