import type { Entry } from "@maru/protocol";

/** Users who hear of an entry because it names them, although they may be no members before or after it. */
export function affectedUserIds(entry: Entry): readonly string[] {
  const { body } = entry;
  switch (body.case) {
    case "membersRemoved":
      return body.value.userIds;
    case "memberLeft":
      return [body.value.userId];
    default:
      return addedUserIds(entry);
  }
}

export function addedUserIds({ body }: Entry): readonly string[] {
  const isAdded = body.case === "roomCreated" || body.case === "membersAdded";
  return isAdded ? body.value.members.map(({ userId }) => userId) : [];
}

/** Whoever leaves with an entry must not be pushed what comes after it: each part ends with such an entry, or at the end. */
export function partsByAudience(entries: readonly Entry[]): Entry[][] {
  const parts: Entry[][] = [];
  let part: Entry[] = [];
  for (const entry of entries) {
    part.push(entry);
    if (entry.body.case !== "membersRemoved" && entry.body.case !== "memberLeft") continue;
    parts.push(part);
    part = [];
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
