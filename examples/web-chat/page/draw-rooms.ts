import { type RoomItem, sortRooms, unreadLabel } from "../src/view/room-list.ts";
import { drawFace } from "./draw-face.ts";
import { drawList } from "./draw-list.ts";
import { byId, element } from "./element.ts";

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function drawRooms(
  items: Iterable<RoomItem>,
  openRoomId: string | undefined,
  onOpen: (roomId: string) => void,
): void {
  drawList(byId("room-list", "ul"), sortRooms(items), {
    keyOf: ({ roomId }) => roomId,
    draw: (item) => element("li", {}, drawRoom(item, item.roomId === openRoomId, onOpen)),
  });
}

function drawRoom(item: RoomItem, isOpen: boolean, onOpen: (roomId: string) => void): HTMLElement {
  const { roomId, title, preview, lastEntryAtMs } = item;
  const unread = unreadLabel(item);
  const isToday = new Date(lastEntryAtMs).toDateString() === new Date().toDateString();
  const count = element("span", { class: "count", text: unread });
  if (unread !== "") count.append(element("span", { class: "unseen", text: " unread" }));
  return element(
    "button",
    {
      class: "room-item",
      attributes: { type: "button", "aria-current": String(isOpen), "data-room": roomId },
      onClick: () => onOpen(roomId),
    },
    drawFace(roomId, title),
    element("span", { class: "title", text: title }),
    element("time", { text: (isToday ? time : date).format(lastEntryAtMs) }),
    element("span", { class: "preview", text: preview }),
    count,
  );
}
