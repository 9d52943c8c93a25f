import type { StateChange } from "../store.ts";

/**
 * Whether `state_seq` moves. Edits, reactions and pins do not move it: they are learned from the entries themselves, or
 * a popular message would empty every cache.
 */
export function changesState(change: StateChange | undefined): boolean {
  return change?.create !== undefined || change?.room !== undefined || change?.members !== undefined;
}
