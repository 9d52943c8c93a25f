import { connectRealtime, type Room, type Sending, text as textContent } from "@maru/client/realtime";
import { emptyChat, withConversation, withRooms } from "../src/view/chat.ts";
import { withoutPending, withPending, withRefusal } from "../src/view/conversation.ts";
import { toRoomItem } from "../src/view/room-list.ts";
import type { Backend } from "./backend.ts";
import { prepareAskDialog, prepareRoomDialog } from "./dialogs.ts";
import { createDrawing } from "./draw-chat.ts";
import { byId } from "./element.ts";
import { followRoom, showOlder } from "./follow-room.ts";
import { listenTo } from "./listen-to.ts";
import { createReadMarks } from "./mark-read.ts";
import { createPageState } from "./page-state.ts";
import { prepareComposer } from "./prepare-composer.ts";
import { tellProblem, whyFailed } from "./tell-problem.ts";

/** The open room is the part of the address behind "#", so that the browser's own buttons work. */
const roomInAddress = () => decodeURIComponent(location.hash.slice(1));

function goTo(roomId: string): void {
  location.hash = encodeURIComponent(roomId);
}

/** Connects, shows the user's rooms, and lets the page live until it is left. */
export async function startSession(backend: Backend): Promise<void> {
  const { me } = backend;
  const realtime = connectRealtime({ url: backend.gatewayUrl, token: backend.freshToken, client: "web-chat" });
  const rooms = new Map<string, Room>();
  const markRead = createReadMarks((roomId, seq) => rooms.get(roomId)?.markRead(seq));
  const draw = createDrawing({ open: goTo, pay, sendAgain });
  const state = createPageState(emptyChat(me), (chat) => {
    draw(chat);
    markRead(chat);
  });
  const deps = { backend, realtime, state, opened: (room: Room) => rooms.set(room.roomId, room) };

  async function readRooms(): Promise<void> {
    const items = (await backend.listRooms()).map((summary) => toRoomItem(summary, me));
    state.change((chat) => withRooms(chat, items));
  }

  function pay(seq: number): void {
    const roomId = state.chat.open?.roomId;
    if (roomId !== undefined) backend.pay(roomId, seq).catch(tellProblem);
  }

  /** Shows the message at once. Without a connection it waits, and is sent when there is one. */
  function send(text: string): void {
    const room = rooms.get(state.chat.open?.roomId ?? "");
    if (room !== undefined) show(room.send(textContent(text)), text);
  }

  function show({ roomId, key, done }: Sending, text: string): void {
    const pending = { key, text, sentAtMs: Date.now() };
    state.change((chat) => withConversation(chat, roomId, (of) => withPending(of, pending)));
    done.catch((error: unknown) => {
      state.change((chat) => withConversation(chat, roomId, (of) => withRefusal(of, key, whyFailed(error))));
    });
  }

  function sendAgain(key: string): void {
    const { open } = state.chat;
    const refused = open?.conversation.pending.find((one) => one.key === key);
    if (open === undefined || refused === undefined) return;
    state.change((chat) => withConversation(chat, open.roomId, (of) => withoutPending(of, key)));
    send(refused.text);
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

  listenTo(realtime, state, () => void readRooms().catch(tellProblem));
  prepareComposer({ send, typing: (stopped) => rooms.get(state.chat.open?.roomId ?? "")?.typing(!stopped) });
  prepareRoomDialog(deps, goTo);
  prepareAskDialog(deps);
  byId("back", "button").addEventListener("click", () => goTo(""));
  byId("older", "button").addEventListener("click", () => void showOlder(deps).catch(tellProblem));
  byId("log", "div").addEventListener("scroll", () => markRead(state.chat));
  document.addEventListener("visibilitychange", () => markRead(state.chat));
  window.addEventListener("hashchange", openRoom);
  await readRooms();
  openRoom();
}
