import type { Card } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { CardTypes, RegisteredType } from "./card-types.ts";
import { wireProblem } from "./wire-problem.ts";

/** The type of a card whose bytes are a message of it. `field` is where the card stands in the request. */
export async function requireCard(cards: CardTypes, { type, value }: Card, field: string): Promise<RegisteredType> {
  const known = await cards.require(type);
  if (wireProblem(known.message, value) === undefined) return known;
  // By older descriptors nobody is refused.
  const newest = await cards.requireNewest(type);
  const problem = wireProblem(newest.message, value);
  if (problem === undefined) return newest;
  throw new MaruError(ErrorReason.CARD_INVALID, {
    metadata: { card_type: type },
    message: `the card's bytes are not a message of the type ${type}: ${problem}`,
    violations: [{ field: `${field}.value`, description: problem }],
  });
}
