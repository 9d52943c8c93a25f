/** What becomes of a field on its way to the lake: as it is, as a keyed hash, or left out. */
export const treatments = ["full", "hashed", "none"] as const;
export type Treatment = (typeof treatments)[number];

/** Which personal data reaches the lake. Parsed from a file: personal-data.yaml says how one is written. */
export interface PersonalData {
  /** Ids of users, wherever they appear. */
  readonly userIds: "full" | "hashed";
  /** By the last name of their path. */
  readonly rules: ReadonlyMap<string, readonly FieldRule[]>;
}

export interface FieldRule {
  /** Of names from the inside out: `content.text.text` is text, text, content. */
  readonly names: readonly string[];
  readonly treatment: Treatment;
}

/** Where a field is in its item. Lists add nothing to it. */
export interface FieldPath {
  readonly name: string;
  readonly above: FieldPath | undefined;
}

const userIdFields: ReadonlySet<string> = new Set([
  "user_id",
  "by_user_id",
  "user_ids",
  "direct_user_ids",
  "blocked_user_ids",
]);

export function isUserIdField(name: string): boolean {
  return userIdFields.has(name);
}

/** The treatment that a rule gives to this very field; undefined where none names it. The longest rule holds. */
export function treatmentOf(
  { rules }: Pick<PersonalData, "rules">,
  name: string,
  above: FieldPath | undefined,
): Treatment | undefined {
  let found: FieldRule | undefined;
  for (const rule of rules.get(name) ?? [])
    if (rule.names.length > (found?.names.length ?? 0) && matches(rule.names, above)) found = rule;
  return found?.treatment;
}

function matches(names: readonly string[], above: FieldPath | undefined): boolean {
  let place = above;
  for (const name of names.slice(1)) {
    if (place?.name !== name) return false;
    place = place.above;
  }
  return true;
}
