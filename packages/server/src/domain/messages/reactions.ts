import { create } from "@bufbuild/protobuf";
import { type ReactionCount, ReactionCountSchema } from "@maru/protocol";
import type { MessageRecord } from "../store.ts";

type Reactions = MessageRecord["reactions"];

/** All reactions once a user's are these. A user without any is not among them. */
export function withReactionsOf(all: Reactions, userId: string, kinds: readonly string[]): Reactions {
  const after = new Map(all);
  if (kinds.length === 0) after.delete(userId);
  else after.set(userId, kinds);
  return after;
}

/** By kind, in order of first use: kinds that were there before keep their places. */
export function countReactions(all: Reactions, before: readonly ReactionCount[]): ReactionCount[] {
  const counts = new Map(before.map(({ kind }) => [kind, 0]));
  for (const kinds of all.values()) for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const used = [...counts].filter(([, userCount]) => userCount > 0);
  return used.map(([kind, userCount]) => create(ReactionCountSchema, { kind, userCount }));
}

export function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((kind) => other.includes(kind));
}
