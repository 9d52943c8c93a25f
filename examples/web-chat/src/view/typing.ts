import { nameOf } from "./people.ts";

/** Until when each user of a room is shown as typing. */
export type Typing = ReadonlyMap<string, number>;

export function withTyping(
  typing: Typing,
  { userId, stopped, shownMs }: { readonly userId: string; readonly stopped: boolean; readonly shownMs: number },
  nowMs: number,
): Typing {
  const next = new Map(typing);
  if (stopped) next.delete(userId);
  else next.set(userId, nowMs + shownMs);
  return next;
}

export function typersAt(typing: Typing, nowMs: number): string[] {
  return [...typing].filter(([, untilMs]) => untilMs > nowMs).map(([userId]) => userId);
}

/** "Ann is typing …", or nothing. */
export function typingSentence(userIds: readonly string[]): string {
  const [first = "", second = ""] = userIds;
  if (userIds.length === 0) return "";
  if (userIds.length === 1) return `${nameOf(first)} is typing …`;
  return userIds.length === 2 ? `${nameOf(first)} and ${nameOf(second)} are typing …` : "Several people are typing …";
}
