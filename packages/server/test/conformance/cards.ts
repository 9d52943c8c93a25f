import assert from "node:assert/strict";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type ContentInit, service } from "@maru/client";
import { type CardContract, ticketContract } from "./card-descriptors.ts";
import type { CaseContext, Clients, ConformanceCase } from "./conformance-case.ts";
import { found, openRoom, refused, say } from "./scene.ts";

interface Ticketed {
  readonly roomId: string;
  readonly caller: string;
  readonly contract: CardContract;
}

/** A room, and the type of card that the calling service owns. */
async function openTicketed(context: CaseContext): Promise<Ticketed> {
  const roomId = await openRoom(context);
  const { entries } = await context.events.listEntries({ roomId });
  const { caller } = found(entries[0]);
  const contract = ticketContract(caller);
  await register(context, contract);
  return { roomId, caller, contract };
}

function register({ cards }: Clients, { descriptorSet, type }: CardContract) {
  return cards.registerCardTypes({ descriptorSet, types: [type] });
}

function ticket({ message, type }: CardContract, title: string, seats: number) {
  return {
    type,
    value: new Uint8Array(toBinary(message, create(message, { title, seats } as Record<string, unknown>))),
  };
}

const cardContent = (value: { type: string; value: Uint8Array<ArrayBuffer> }): ContentInit => ({
  kind: { case: "card", value },
});

export const cardCases: readonly ConformanceCase[] = [
  {
    name: "types of cards are registered by the service that then owns them, and are told",
    calls: ["CardService/RegisterCardTypes", "CardService/ListCardTypes", "CardService/GetCardType"],
    refuses: ["CARD_TYPE_NOT_OWNED", "CARD_TYPES_INCOMPATIBLE", "CARD_TYPES_INVALID", "CARD_TYPE_UNKNOWN"],
    async run(context) {
      const { cards, other } = context;
      const { caller, contract } = await openTicketed(context);
      const { cardType, descriptorSet } = await cards.getCardType({ type: contract.type });
      assert.deepEqual([cardType?.type, cardType?.owner], [contract.type, caller]);
      const [file] = fromBinary(FileDescriptorSetSchema, descriptorSet).file;
      assert.deepEqual(
        file?.messageType.map(({ name }) => name),
        ["Ticket"],
      );
      assert.ok((await listTypes(context)).includes(contract.type));
      assert.deepEqual((await register(context, contract)).cardTypes, [cardType]);
      await refused("CARD_TYPE_NOT_OWNED", register(other, contract));
      await refused("CARD_TYPES_INCOMPATIBLE", register(context, ticketContract(caller, "STRING")));
      await refused("CARD_TYPES_INVALID", register(context, { ...contract, descriptorSet: Uint8Array.of(0x0a, 0x7f) }));
      await refused("CARD_TYPE_UNKNOWN", cards.getCardType({ type: `${contract.type}.None` }));
    },
  },
  {
    name: "a card is sent, read as JSON, and updated by the service that owns its type",
    calls: ["CardService/GetCard", "MessageService/SendMessage", "MessageService/UpdateCard"],
    refuses: ["CARD_INVALID", "CARD_TYPE_UNKNOWN", "CARD_TYPE_MISMATCH", "CARD_TYPE_NOT_OWNED"],
    async run(context) {
      const { cards, messages, other } = context;
      const { roomId, contract } = await openTicketed(context);
      const { type } = contract;
      const send = (card: Parameters<typeof cardContent>[0]) =>
        messages.sendMessage({ roomId, actor: service(), content: cardContent(card) });
      const card = ticket(contract, "row 1", 2);
      const { seq } = found((await send(card)).entry);
      const got = await cards.getCard({ roomId, seq });
      assert.deepEqual([got.card?.type, JSON.parse(got.json)], [type, { title: "row 1", seats: 2 }]);
      const update = { roomId, seq, actor: service(), card: ticket(contract, "row 1", 3) };
      await refused("CARD_TYPE_NOT_OWNED", other.messages.updateCard(update));
      assert.equal((await messages.updateCard(update)).entry?.body.case, "cardUpdated");
      assert.equal(JSON.parse((await cards.getCard({ roomId, seq })).json).seats, 3);
      await refused("CARD_INVALID", send({ type, value: Uint8Array.of(0x0a, 0x7f) }));
      await refused("CARD_TYPE_UNKNOWN", send({ ...card, type: `${type}.None` }));
      const words = await say(context, roomId, "no card");
      await refused("CARD_TYPE_MISMATCH", cards.getCard({ roomId, seq: words }));
    },
  },
];

async function listTypes({ cards }: Clients): Promise<string[]> {
  const types: string[] = [];
  let pageToken = "";
  do {
    const page = await cards.listCardTypes({ pageSize: 200, pageToken });
    types.push(...page.cardTypes.map(({ type }) => type));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return types;
}
