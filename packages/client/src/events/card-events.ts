import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { Card } from "@maru/protocol";
import { cardIn } from "../card-of.ts";
import type { AnyEvent, EventFacts, Handler } from "./handlers.ts";

/** The kinds of events that bring a card. */
export type CardEventKind = "messageSent" | "messageCommitted" | "cardUpdated";

/** What every event that brings a card carries. */
export interface CardEventFacts extends EventFacts {
  /** How the card came: in a message, by the commit of a held message, or by an update. */
  readonly kind: CardEventKind;
  /** Number of the message that is the card. `seq` is the event's own: another one, unless the message was just sent. */
  readonly messageSeq: number;
  /** Full name of the team's message. */
  readonly cardType: string;
}

/** A card of a type that has a handler. */
export interface CardEvent<D extends DescMessage = DescMessage> extends CardEventFacts {
  /** The card, as it is from this event on. */
  readonly card: MessageShape<D>;
}

/** A card of a type that has no handler. */
export interface UnknownCardEvent extends CardEventFacts {
  /** The card's bytes; `maru.cards.get({ roomId, seq: messageSeq })` has them as JSON. */
  readonly value: Uint8Array;
}

/** A handler for one type of card. Made by {@link on}. */
export interface CardHandler<Tx = undefined> {
  readonly schema: DescMessage;
  readonly handle: Handler<CardEvent, Tx>;
}

/** Makes the handlers that stand in a list. */
export const on = {
  /**
   * Handles cards of one type: when they are sent, committed and updated. Such an event goes to no other handler.
   *
   * @example
   * await subscribe(maru, options, { cards: [on.card(PaymentRequestSchema, ({ card, kind }) => …)] });
   */
  card<D extends DescMessage, Tx = undefined>(schema: D, handle: Handler<CardEvent<D>, Tx>): CardHandler<Tx> {
    // The bytes that it is called with are read by its own schema.
    return { schema, handle: handle as Handler<CardEvent, Tx> };
  },
};

/** The handlers of cards among all handlers. */
export interface CardHandlers<Tx = undefined> {
  /** Handlers of types of cards, each made by {@link on}. They come before all others. */
  readonly cards?: readonly CardHandler<Tx>[];
  /** Cards of other types. Without it, such an event goes where it would go if it were no card. */
  readonly unknownCard?: Handler<UnknownCardEvent, Tx>;
}

/** The handler of the card that an event brings; undefined where it brings none, or none that is handled as such. */
export function cardHandlerOf<Tx>(
  { cards = [], unknownCard }: CardHandlers<Tx>,
  event: AnyEvent,
): Handler<AnyEvent, Tx> | undefined {
  const brought = cardOfEvent(event);
  if (brought === undefined) return undefined;
  const { kind, messageSeq, card } = brought;
  const facts = { kind, messageSeq, cardType: card.type };
  const own = cards.find(({ schema }) => schema.typeName === card.type);
  if (own !== undefined) {
    const read = () => readCard(own.schema, card, { roomId: event.roomId, messageSeq });
    return (_event, ctx) => own.handle(withFactsOf(event, { ...facts, card: read() }), ctx);
  }
  return unknownCard && ((_event, ctx) => unknownCard(withFactsOf(event, { ...facts, value: card.value }), ctx));
}

/** What is decoded of an event when it is looked at stays so. */
function withFactsOf<T extends object>(event: AnyEvent, own: T): EventFacts & T {
  const { roomId, seq, type, healed } = event;
  const facts = {
    roomId,
    seq,
    type,
    healed,
    get entry() {
      return event.entry;
    },
    get committedAt() {
      return event.committedAt;
    },
    get streamedAt() {
      return event.streamedAt;
    },
    get relayedAt() {
      return event.relayedAt;
    },
  };
  return Object.assign(facts, own);
}

/** A message that is held has no content yet, and one that was deleted has none any more. */
function cardOfEvent({ kind, seq, body }: AnyEvent) {
  const brought = (card: Card | undefined, messageSeq: number) =>
    card && { kind: kind as CardEventKind, messageSeq, card };
  switch (body?.$typeName) {
    case "maru.chat.v1.Message":
      return brought(cardIn(body.content), seq);
    case "maru.chat.v1.MessageCommitted":
      return brought(cardIn(body.message?.content), body.targetSeq);
    case "maru.chat.v1.CardUpdated":
      return brought(body.card, body.targetSeq);
    default:
      return undefined;
  }
}

function readCard(
  schema: DescMessage,
  card: Card,
  { roomId, messageSeq }: Pick<CardEventFacts, "roomId" | "messageSeq">,
): MessageShape<DescMessage> {
  try {
    return fromBinary(schema, card.value);
  } catch (cause) {
    const what = `message ${messageSeq} of room ${roomId} is no ${card.type} by the schema of its handler`;
    throw new Error(`${what}, which is not the one that was registered`, { cause });
  }
}
