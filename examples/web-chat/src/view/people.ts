/** The id of whoever logs in under this name; undefined when nothing of the name is left. */
export function userIdOf(name: string): string | undefined {
  const id = name
    .normalize("NFKC")
    .trim()
    .toLowerCase()
    .replace(/\s+/g, "-")
    .replace(/[^\p{L}\p{N}._-]/gu, "")
    .slice(0, 32);
  return id === "" ? undefined : id;
}

/** "ada-lovelace" is shown as "Ada Lovelace". */
export function nameOf(userId: string): string {
  return userId
    .split("-")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(" ");
}

/** One or two letters for a round picture. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? "")][0]?.toUpperCase() ?? "").join("");
}

/** Degrees of a colour wheel, always the same for the same id. */
export function hueOf(id: string): number {
  let hash = 7;
  for (const sign of id) hash = (hash * 31 + (sign.codePointAt(0) ?? 0)) % 3600;
  return hash % 360;
}

/** "Ada", "Ada and Bob", "Ada, Bob and 3 others". */
export function namesOf(userIds: readonly string[], most = 2): string {
  const names = userIds.map(nameOf);
  if (names.length <= most)
    return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  const rest = names.length - most;
  return `${names.slice(0, most).join(", ")} and ${rest} ${rest === 1 ? "other" : "others"}`;
}
