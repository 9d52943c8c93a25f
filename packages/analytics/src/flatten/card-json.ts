import { cardJson } from "@maru/server/domain/cards/card-json.ts";
import type { RegisteredType } from "@maru/server/domain/cards/card-types.ts";
import type { Image } from "./attribute-json.ts";

/** The registered types of the cards that are to be shown. A card of another type keeps its bytes alone. */
export type CardShowing = ReadonlyMap<string, RegisteredType>;

/** Where items hold a card. */
const places = [
  ["body", "content", "card"],
  ["body", "card"],
  ["body", "message", "content", "card"],
  ["original", "content", "card"],
];

/** The types of all cards in an item. */
export function cardTypesOf(image: Image): string[] {
  return places.flatMap((place) => {
    const card = mapAt(image, place);
    return card === undefined ? [] : [cardOf(card).type];
  });
}

/** The item with `json` beside each card's bytes: its fields, as its registered type names them. */
export function withCardJson(types: CardShowing, image: Image): Image {
  let shown = image;
  for (const place of places) {
    const card = mapAt(image, place);
    const { type, value } = card === undefined ? noCard : cardOf(card);
    const registered = types.get(type);
    const json = registered && cardJson(registered, Buffer.from(value, "base64"));
    // An empty one says that the card has no JSON form.
    if (json) shown = withMapAt(shown, place, { ...card, json: toAttribute(JSON.parse(json)) });
  }
  return shown;
}

const noCard = { type: "", value: "" };

function cardOf(card: Image): { type: string; value: string } {
  const { type, value } = card as { type?: { S?: string }; value?: { B?: string } };
  return { type: type?.S ?? "", value: value?.B ?? "" };
}

function mapAt(image: Image, [name = "", ...below]: readonly string[]): Image | undefined {
  const map = (image[name] as { M?: Image } | undefined)?.M;
  return map === undefined || below.length === 0 ? map : mapAt(map, below);
}

function withMapAt(image: Image, [name = "", ...below]: readonly string[], map: Image): Image {
  const inner = below.length === 0 ? map : withMapAt((image[name] as { M: Image }).M, below, map);
  return { ...image, [name]: { M: inner } };
}

/** What JSON says, in the form of an item, so that one set of rules holds for both. */
function toAttribute(value: unknown): unknown {
  if (value === null) return { NULL: true };
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return { M: Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, toAttribute(one)])) };
}
