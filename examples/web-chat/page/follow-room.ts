import type { Realtime, Room } from "@maru/client/realtime";
import { withHappened, withOlder, withOpened, withPresence, withReadMarker, withTyper } from "../src/view/chat.ts";
import type { Backend } from "./backend.ts";
import type { PageState } from "./page-state.ts";

export interface FollowDeps {
  readonly backend: Backend;
  readonly realtime: Realtime;
  readonly state: PageState;
  /** Told of the room that is followed now. */
  readonly opened: (room: Room) => void;
}

/** The client says itself when somebody does not type any more. */
const typingShownMs = 60_000;

/**
 * Shows a room, and keeps it up to date until `signal` ends it: first what history says, then what happens. Where too much
 * happened while the page was offline there is a gap, and history is read again.
 */
export async function followRoom(deps: FollowDeps, roomId: string, signal: AbortSignal): Promise<void> {
  const { backend, realtime, state, opened: tell } = deps;
  while (!signal.aborted) {
    const opened = await backend.openRoom(roomId);
    if (signal.aborted) return;
    state.change((chat) => withOpened(chat, opened));
    const room = realtime.room(roomId, { after: opened.room.lastSeq });
    tell(room);
    const stops = [...listenToSignals(deps, room), () => room.unfollow()];
    const stop = () => {
      for (const one of stops.splice(0)) one();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const item of room) {
        if (item.kind === "gap") break;
        state.change((chat) => withHappened(chat, item.entry));
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }
}

function listenToSignals({ realtime, state }: FollowDeps, room: Room): (() => void)[] {
  return [
    room.onReadMarker((marker) => state.change((chat) => withReadMarker(chat, marker))),
    room.onTyping(({ roomId, userId, isTyping }) =>
      state.change((chat) =>
        withTyper(chat, { roomId, userId, stopped: !isTyping, shownMs: typingShownMs }, Date.now()),
      ),
    ),
    realtime.watchPresence([room.roomId], ({ userId, isConnected }) =>
      state.change((chat) => withPresence(chat, { userId, connected: isConnected })),
    ),
  ];
}

/** Adds what was said before what is shown. */
export async function showOlder({ backend, state }: Pick<FollowDeps, "backend" | "state">): Promise<void> {
  const open = state.chat.open;
  if (open === undefined) return;
  const oldest = Math.min(...open.conversation.shown.keys());
  const { entries, hasOlder } = await backend.listOlder(open.roomId, oldest);
  state.change((chat) => withOlder(chat, open.roomId, entries, hasOlder));
}
