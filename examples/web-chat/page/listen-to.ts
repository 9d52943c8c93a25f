import type { Realtime, RealtimeState } from "@maru/client/realtime";
import { withHappened, withoutRoom } from "../src/view/chat.ts";
import { byId } from "./element.ts";
import type { PageState } from "./page-state.ts";

/** What concerns the list of rooms, and the connection itself. */
export function listenTo(realtime: Realtime, state: PageState, readRooms: () => void): void {
  realtime.onEntry((entry) => state.change((chat) => withHappened(chat, entry)));
  realtime.onRoomAdded(readRooms);
  realtime.onRoomRemoved(({ roomId }) => state.change((chat) => withoutRoom(chat, roomId)));
  realtime.onMissed(readRooms);
  const show = (now: RealtimeState) => {
    byId("connection", "p").textContent = sentences[now.status];
    document.body.dataset.connection = now.status;
  };
  realtime.onState(show);
  show(realtime.state);
}

const sentences: Record<RealtimeState["status"], string> = {
  connecting: "Connecting …",
  connected: "",
  waiting: "Offline: messages wait until the connection is back",
  closed: "Not connected any more: load the page again",
};
