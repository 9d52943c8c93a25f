import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "@connectrpc/connect";
import type { SendMessageRequestSchema, SendMessageResponse, UpdateCardResponse } from "@maru/protocol";
import { type ActorInit, service } from "./actors.ts";
import { card, toCard } from "./contents.ts";
import type { NounClients } from "./nouns.ts";

/** What a message that is a card carries beside the card: who sends it, and what else `messages.send` takes. */
export interface SendCardOptions
  extends Omit<SendMessageInit, "$typeName" | "$unknown" | "roomId" | "content" | "actor"> {
  /** Who sends the card. */
  readonly actor: ActorInit;
}

type SendMessageInit = Extract<MessageInitShape<typeof SendMessageRequestSchema>, { $typeName?: never }>;

/** What an update of a card takes beside the card. */
export interface UpdateCardOptions {
  /** Makes the call safe to repeat, also by another process. @default one that is made and kept over all tries */
  readonly idempotencyKey?: string;
}

/** Sending and updating cards, typed by the generated schema of the team whose message it is. */
export interface CardSender {
  /**
   * Sends a message that is a card. It is `messages.send` with `card(schema, value)` as its content: the type must be
   * registered, see `cards.registerCardTypes`.
   *
   * @example
   * const { entry } = await maru.cards.send(roomId, PaymentRequestSchema, { amountMinor: 1200n }, { actor: user("u1") });
   */
  send<D extends DescMessage>(
    roomId: string,
    schema: D,
    value: MessageInitShape<D>,
    options: SendCardOptions,
    callOptions?: CallOptions,
  ): Promise<SendMessageResponse>;
  /**
   * Gives the message `seq` a new card of the same type. Only the service that owns the type may. The whole card is
   * replaced: start from what it was, as `cardOf` or the event gives it, and fields that your version of the schema does
   * not know are kept.
   *
   * @example
   * await maru.cards.update(roomId, seq, PaymentRequestSchema, { ...payment, status: PaymentStatus.PAID });
   */
  update<D extends DescMessage>(
    roomId: string,
    seq: number,
    schema: D,
    value: MessageInitShape<D>,
    options?: UpdateCardOptions,
    callOptions?: CallOptions,
  ): Promise<UpdateCardResponse>;
}

/** {@link CardSender} over the client of messages. */
export function createCardSender({
  send,
  updateCard,
}: Pick<NounClients["messages"], "send" | "updateCard">): CardSender {
  return {
    send: (roomId, schema, value, options, callOptions) =>
      send({ ...options, roomId, content: card(schema, value) }, callOptions),
    update: (roomId, seq, schema, value, options, callOptions) =>
      updateCard({ ...options, roomId, seq, actor: service(), card: toCard(schema, value) }, callOptions),
  };
}
