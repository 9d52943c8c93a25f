import type { TruthEntry } from "./truth.ts";

/** Who blocks whom behind each entry; index 0 is before the first. */
export function foldBlocks(entries: readonly TruthEntry[]): ReadonlySet<string>[] {
  const states: ReadonlySet<string>[] = [new Set()];
  for (const { logged } of entries) {
    const blocks = new Set(states.at(-1));
    const { body } = logged.entry;
    if (body.case === "userBlocked") blocks.add(blockText(body.value.byUserId, body.value.userId));
    if (body.case === "userUnblocked") blocks.delete(blockText(body.value.byUserId, body.value.userId));
    states.push(blocks);
  }
  return states;
}

export function blockText(byUserId: string, userId: string): string {
  return `${byUserId} blocks ${userId}`;
}

/** The two do not write to each other, whoever of them blocks. Users beside them are nobody's to block. */
export function isBlocked(blocks: ReadonlySet<string>, pair: readonly string[], userId: string): boolean {
  if (!pair.includes(userId)) return false;
  return pair.some((other) => blocks.has(blockText(userId, other)) || blocks.has(blockText(other, userId)));
}
