import { emptyChat, withRooms } from "../src/view/chat.ts";
import { toRoomItem } from "../src/view/room-list.ts";
import type { Backend } from "./backend.ts";
import { prepareAskDialog, prepareRoomDialog } from "./dialogs.ts";
import { createDrawing } from "./draw-chat.ts";
import { byId } from "./element.ts";
import { followRoom, showOlder } from "./follow-room.ts";
import { createPageState } from "./page-state.ts";
import { tellProblem } from "./tell-problem.ts";

/** The open room is the part of the address behind "#", so that the browser's own buttons work. */
const roomInAddress = () => decodeURIComponent(location.hash.slice(1));

function goTo(roomId: string): void {
  location.hash = encodeURIComponent(roomId);
}

/** Shows the user's rooms, and lets the page live until it is left. */
export async function startSession(backend: Backend): Promise<void> {
  const { me } = backend;
  const state = createPageState(emptyChat(me), createDrawing({ open: goTo, pay, sendAgain: () => {} }));
  const deps = { backend, state };

  async function readRooms(): Promise<void> {
    const items = (await backend.listRooms()).map((summary) => toRoomItem(summary, me));
    state.change((chat) => withRooms(chat, items));
  }

  function pay(seq: number): void {
    const roomId = state.chat.open?.roomId;
    if (roomId !== undefined) backend.pay(roomId, seq).catch(tellProblem);
  }

  let following = new AbortController();
  function openRoom(): void {
    const roomId = roomInAddress();
    following.abort();
    const mine = new AbortController();
    following = mine;
    if (roomId === "") {
      state.change((chat) => ({ ...chat, open: undefined }));
      return;
    }
    followRoom(deps, roomId, mine.signal).catch((error: unknown) => {
      if (mine.signal.aborted) return;
      tellProblem(error);
      goTo("");
    });
  }

  prepareRoomDialog(deps, goTo);
  prepareAskDialog(deps);
  byId("back", "button").addEventListener("click", () => goTo(""));
  byId("older", "button").addEventListener("click", () => void showOlder(deps).catch(tellProblem));
  window.addEventListener("hashchange", openRoom);
  await readRooms();
  openRoom();
}
