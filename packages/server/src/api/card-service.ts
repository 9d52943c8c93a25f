import type { ServiceImpl } from "@connectrpc/connect";
import type { CardService } from "@maru/protocol";
import { getCard } from "../domain/cards/get.ts";
import { getCardType } from "../domain/cards/get-type.ts";
import { listCardTypes } from "../domain/cards/list-types.ts";
import { registerCardTypes } from "../domain/cards/register-types.ts";
import type { Domain } from "../domain/domain.ts";
import { callOf } from "./service-call.ts";

export function cardService(domain: Domain): ServiceImpl<typeof CardService> {
  return {
    registerCardTypes: (request, context) => registerCardTypes(domain, callOf(context), request),
    listCardTypes: (request) => listCardTypes(domain, request),
    getCardType: (request) => getCardType(domain, request),
    getCard: (request, context) => getCard(domain, callOf(context), request),
  };
}
