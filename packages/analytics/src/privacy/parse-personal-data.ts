import { YamlSource } from "@maru/server/policy/yaml-source.ts";
import { type FieldRule, isUserIdField, type PersonalData, treatments } from "./personal-data.ts";

/** The file is not good; the message lists all that is wrong, by line. */
export class PersonalDataFileError extends Error {
  override readonly name = "PersonalDataFileError";
}

/** Reads the text of a policy file. Throws PersonalDataFileError, and then nothing of the file holds. */
export function parsePersonalData(text: string): PersonalData {
  const source = new YamlSource(text);
  const policy = source.problems.length === 0 ? read(source) : undefined;
  if (policy !== undefined && source.problems.length === 0) return policy;
  const inOrder = source.problems.toSorted((a, b) => a.line - b.line);
  throw new PersonalDataFileError(inOrder.map(({ line, message }) => `line ${line}: ${message}`).join("\n"));
}

function read(source: YamlSource): PersonalData | undefined {
  const { user_ids: userIds, fields } = source.fields(source.root, ["user_ids", "fields"]);
  if (userIds === undefined) source.complain(source.root, "the file must say what becomes of user_ids: full or hashed");
  const rules = new Map<string, FieldRule[]>();
  for (const [path, value] of fields === undefined ? [] : source.entries(fields)) {
    const names = path.split(".").reverse();
    const [last = ""] = names;
    if (names.includes("")) source.complain(value, "is not a path of names with dots between them");
    else if (isUserIdField(last))
      source.complain(value, "is an id of a user: user_ids says what becomes of all of them");
    const treatment = source.oneOf(value, treatments);
    if (treatment !== undefined) rules.set(last, [...(rules.get(last) ?? []), { names, treatment }]);
  }
  const ofUserIds = userIds && source.oneOf(userIds, ["full", "hashed"]);
  return ofUserIds && { userIds: ofUserIds, rules };
}
