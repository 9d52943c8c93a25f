import { withOlder, withOpened } from "../src/view/chat.ts";
import type { Backend } from "./backend.ts";
import type { PageState } from "./page-state.ts";

export interface FollowDeps {
  readonly backend: Backend;
  readonly state: PageState;
}

/** Shows a room as history has it. */
export async function followRoom({ backend, state }: FollowDeps, roomId: string, signal: AbortSignal): Promise<void> {
  const opened = await backend.openRoom(roomId);
  if (!signal.aborted) state.change((chat) => withOpened(chat, opened));
}

/** Adds what was said before what is shown. */
export async function showOlder({ backend, state }: FollowDeps): Promise<void> {
  const open = state.chat.open;
  if (open === undefined) return;
  const oldest = Math.min(...open.conversation.shown.keys());
  const { entries, hasOlder } = await backend.listOlder(open.roomId, oldest);
  state.change((chat) => withOlder(chat, open.roomId, entries, hasOlder));
}
