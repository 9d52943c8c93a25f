import type { CardType, ListCardTypesRequest } from "@maru/protocol";
import { ListCardTypesRequestSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { isCardTypeName } from "../page-position.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";
import { readPage } from "../read-page.ts";
import { toCardType } from "./to-card-type.ts";

export async function listCardTypes(
  { cards, limits }: Domain,
  request: ListCardTypesRequest,
): Promise<{ readonly cardTypes: CardType[]; readonly nextPageToken: string }> {
  const size = request.pageSize === 0 ? limits.defaultPageSize : request.pageSize;
  const afterType = fromPageToken(ListCardTypesRequestSchema, request, isCardTypeName);
  const { items, goOnAfter } = await readPage(size, (limit) => cards.store.listTypes(afterType, limit));
  return {
    cardTypes: items.map(toCardType),
    nextPageToken: goOnAfter === undefined ? "" : toPageToken(ListCardTypesRequestSchema, request, goOnAfter.type),
  };
}
