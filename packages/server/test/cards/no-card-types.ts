import { type CardTypes, createCardTypes, defaultCardTypesLimits } from "../../src/domain/cards/card-types.ts";
import { createMemoryCardTypes } from "../../src/store/memory-card-types.ts";

/** For tests that send no cards: no types are registered. */
export const noCardTypes: CardTypes = createCardTypes({
  store: createMemoryCardTypes(),
  clock: { nowMs: Date.now },
  limits: defaultCardTypesLimits,
});
