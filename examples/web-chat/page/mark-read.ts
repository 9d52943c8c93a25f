import type { Chat } from "../src/view/chat.ts";
import { isAtEnd } from "./draw-room.ts";

/** Tells what the user has seen: the page is in sight, and the end of the conversation too. */
export function createReadMarks(mark: (roomId: string, seq: number) => void): (chat: Chat) => void {
  const told = new Map<string, number>();
  return ({ open, rooms, me }) => {
    if (open === undefined || document.visibilityState !== "visible" || !isAtEnd()) return;
    const { roomId, conversation } = open;
    const { lastSeq } = conversation;
    const known = Math.max(told.get(roomId) ?? 0, open.readSeqs.get(me) ?? 0, rooms.get(roomId)?.readSeq ?? 0);
    if (lastSeq <= known) return;
    told.set(roomId, lastSeq);
    mark(roomId, lastSeq);
  };
}
