import type { Chat, OpenRoom } from "../src/view/chat.ts";
import { toLines } from "../src/view/lines.ts";
import { nameOf } from "../src/view/people.ts";
import { typersAt, typingSentence } from "../src/view/typing.ts";
import { drawLine, type LineActions } from "./draw-line.ts";
import { drawList } from "./draw-list.ts";
import { byId, element } from "./element.ts";

/** How far from the end somebody still counts as reading along. */
const nearEndPx = 80;

export function isAtEnd(): boolean {
  const log = byId("log", "div");
  return log.scrollHeight - log.scrollTop - log.clientHeight < nearEndPx;
}

/** Draws the open room. Who reads at its end stays there; who reads further up is not moved. */
export function drawRoom(chat: Chat, open: OpenRoom, actions: LineActions, opened: boolean): void {
  const { me, connected } = chat;
  const log = byId("log", "div");
  const follows = opened || isAtEnd();
  const fromEnd = log.scrollHeight - log.scrollTop;
  const isOlder = !follows && log.scrollTop < nearEndPx;

  byId("room-title", "h1").textContent = chat.rooms.get(open.roomId)?.title ?? "";
  drawMembers(open, chat);
  byId("older", "button").hidden = !open.hasOlder;
  const view = { me, readSeqs: open.readSeqs, unreadAfterSeq: open.unreadAfterSeq, nowMs: Date.now() };
  const lines = toLines(open.conversation, view);
  const list = byId("lines", "ol");
  // What was said before is no news: only what comes now is read out.
  if (opened) list.replaceChildren();
  drawList(list, lines, { keyOf: ({ key }) => key, draw: (line) => drawLine(line, { me, connected, actions }) });
  byId("typing", "p").textContent = typingSentence(typersAt(open.typing, Date.now()));
  if (follows) log.scrollTop = log.scrollHeight;
  else if (isOlder) log.scrollTop = log.scrollHeight - fromEnd;
}

function drawMembers({ readSeqs }: OpenRoom, { me, connected }: Chat): void {
  const others = [...readSeqs.keys()].filter((userId) => userId !== me);
  const here = (userId: string) => connected.has(userId);
  const sorted = others.sort((a, b) => Number(here(b)) - Number(here(a)) || a.localeCompare(b));
  drawList(byId("members", "ul"), sorted, {
    keyOf: (userId) => userId,
    draw: (userId) =>
      element(
        "li",
        { class: here(userId) ? "connected" : undefined },
        element("span", { class: "dot", attributes: { "aria-hidden": "true" } }),
        nameOf(userId),
        element("span", { class: "unseen", text: here(userId) ? ", online" : ", offline" }),
      ),
  });
}
