import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Flattening } from "../../../packages/analytics/src/flatten/flatten.ts";
import { parsePersonalData } from "../../../packages/analytics/src/privacy/parse-personal-data.ts";
import { createPseudonyms } from "../../../packages/analytics/src/privacy/pseudonyms.ts";

/** The policy as it is shipped. */
export function shippedFlattening(): Omit<Flattening, "cards"> {
  const policy = join(import.meta.dirname, "../../../packages/analytics/personal-data.yaml");
  return {
    personalData: parsePersonalData(readFileSync(policy, "utf8")),
    pseudonyms: createPseudonyms("a key of the bench, of forty characters."),
  };
}
