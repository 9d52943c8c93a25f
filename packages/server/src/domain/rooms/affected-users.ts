import type { Entry } from "@maru/protocol";

const nobody: readonly string[] = [];

/** Users who are members from the entry on. */
export function addedUserIds({ body }: Entry): readonly string[] {
  const isAdded = body.case === "roomCreated" || body.case === "membersAdded";
  return isAdded ? body.value.members.map(({ userId }) => userId) : nobody;
}

/** Users who are no members from the entry on. */
export function goneUserIds({ body }: Entry): readonly string[] {
  if (body.case === "membersRemoved") return body.value.userIds;
  return body.case === "memberLeft" ? [body.value.userId] : nobody;
}

/** Users who hear of an entry because it names them, although they may be no members before or after it. */
export function affectedUserIds(entry: Entry): readonly string[] {
  return [...addedUserIds(entry), ...goneUserIds(entry)];
}

/** Whoever leaves with an entry must not be pushed what comes after it: each part ends with such an entry, or at the end. */
export function partsByAudience(entries: readonly Entry[]): Entry[][] {
  const parts: Entry[][] = [];
  let part: Entry[] = [];
  for (const entry of entries) {
    part.push(entry);
    if (goneUserIds(entry).length === 0) continue;
    parts.push(part);
    part = [];
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
