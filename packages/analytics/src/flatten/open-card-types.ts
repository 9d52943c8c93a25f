import { ErrorReason } from "@maru/protocol";
import type { CardTypeReader } from "@maru/server/domain/cards/card-type-store.ts";
import {
  type CardTypes,
  createCardTypes,
  defaultCardTypesLimits,
  type RegisteredType,
} from "@maru/server/domain/cards/card-types.ts";
import { MaruError } from "@maru/server/errors.ts";
import type { CardShowing } from "./card-json.ts";

/** Opens registered types of cards, and keeps them for the batches to come. Throws when they cannot be read now. */
export function createOpenCardTypes(
  store: CardTypeReader,
  nowMs: () => number,
): (types: readonly string[]) => Promise<CardShowing> {
  const known = createCardTypes({ store, clock: { nowMs }, limits: defaultCardTypesLimits });
  return async (types) => {
    const opened = await Promise.all(types.map(async (type) => [type, await openOne(known, type)] as const));
    return new Map(opened.filter((one): one is [string, RegisteredType] => one[1] !== undefined));
  };
}

/** Undefined for a type that is not registered: such a card came here by another way than the service. */
async function openOne(known: CardTypes<CardTypeReader>, type: string): Promise<RegisteredType | undefined> {
  try {
    return await known.require(type);
  } catch (error) {
    if (error instanceof MaruError && error.reason === ErrorReason.CARD_TYPE_UNKNOWN) return undefined;
    throw error;
  }
}
