import type { LakeFiles } from "../lake/lake-files.ts";
import { readLines } from "../lake/rows.ts";
import { createNameFinder } from "./name-finder.ts";
import { isNewer, itemOf, type LakeRow, parseRow, targetOf } from "./user-rows.ts";

export interface FindDeps {
  readonly files: Pick<LakeFiles, "list" | "read">;
  readonly signal: AbortSignal;
  readonly onObject?: () => void;
}

/** The newest row of each item that has to do with a user, by item. */
export type UserItems = ReadonlyMap<string, { readonly row: LakeRow; readonly line: string }>;

/**
 * All items that name one of the users, and entries that changed such an item: a commit by the system holds what the user
 * wrote. `names` are the ids as rows have them. Reads the lake twice, and holds the rooms of these users.
 */
export async function findUserItems(deps: FindDeps, names: readonly string[]): Promise<UserItems> {
  const doesName = createNameFinder(names);
  const rooms = new Set<string>();
  for await (const line of lines(deps)) if (doesName(line)) rooms.add(parseRow(line).room_id);
  const newest = new Map<string, { row: LakeRow; line: string }>();
  const named = new Set<string>();
  const targets = new Map<string, string>();
  for await (const line of lines(deps)) {
    const row = parseRow(line);
    if (!rooms.has(row.room_id)) continue;
    const item = itemOf(row);
    const known = newest.get(item);
    if (known === undefined || isNewer(row, known.row)) newest.set(item, { row, line });
    if (doesName(line)) named.add(item);
    const target = targetOf(row);
    if (target !== undefined) targets.set(item, target);
  }
  for (const [item, target] of targets) if (named.has(target)) named.add(item);
  return new Map([...newest].filter(([item]) => named.has(item)));
}

async function* lines({ files, signal, onObject }: FindDeps): AsyncGenerator<string> {
  for await (const key of files.list("events/", signal)) {
    signal.throwIfAborted();
    const body = await files.read(key, signal);
    if (body !== undefined) yield* readLines(body);
    onObject?.();
  }
}
