import type { Chat } from "../src/view/chat.ts";
import { nameOf } from "../src/view/people.ts";
import { drawFace } from "./draw-face.ts";
import type { LineActions } from "./draw-line.ts";
import { drawRoom } from "./draw-room.ts";
import { drawRooms } from "./draw-rooms.ts";
import { byId } from "./element.ts";

/** Draws the page over and over. */
export function createDrawing(
  actions: LineActions & { readonly open: (roomId: string) => void },
): (chat: Chat) => void {
  let drawnRoomId: string | undefined;
  return (chat) => {
    const { open, rooms, me } = chat;
    const unread = [...rooms.values()].reduce((sum, { unreadCount }) => sum + unreadCount, 0);
    document.title = unread === 0 ? "Maru chat" : `(${unread}) Maru chat`;
    byId("me", "span").replaceChildren(drawFace(me, nameOf(me), { small: true }), nameOf(me));
    drawRooms(rooms.values(), open?.roomId, actions.open);
    byId("chat", "div").classList.toggle("room-open", open !== undefined);
    byId("room", "section").hidden = open === undefined;
    byId("nothing-open", "p").hidden = open !== undefined;
    if (open !== undefined) drawRoom(chat, open, actions, open.roomId !== drawnRoomId);
    drawnRoomId = open?.roomId;
  };
}
