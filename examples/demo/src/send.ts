import { ErrorReason, isReason, type Maru, service, text, user } from "@maru/client";
import type { Line } from "./conversation.ts";
import { fingerprint } from "./fingerprint.ts";

/** What was sent to one room, to be compared with what comes out of Kafka. */
export interface SentRoom {
  readonly roomId: string;
  readonly title: string;
  /** Number of each stored message, and a hash of its text. */
  readonly messages: [seq: number, hash: string][];
  /** Texts that the server refused as it promises: the empty ones. */
  refused: number;
}

const membersPerCall = 90;
/** A call that lets 90 users in writes 92 items at once, which the local engine takes its time for. */
const membersTimeoutMs = 60_000;

/** Creates a room for the conversation and lets everybody in who speaks. */
export async function openRoom(maru: Maru, title: string, lines: readonly Line[]): Promise<string> {
  const options = { timeoutMs: membersTimeoutMs };
  const speakers = [...new Set(lines.map((line) => line.from))].map((userId) => ({ userId }));
  const { room } = await maru.rooms.create(
    { actor: service(), kind: "group", title, members: speakers.slice(0, membersPerCall) },
    options,
  );
  const roomId = room?.roomId ?? "";
  for (let from = membersPerCall; from < speakers.length; from += membersPerCall) {
    const members = speakers.slice(from, from + membersPerCall);
    await maru.rooms.addMembers({ roomId, actor: service(), members }, options);
  }
  return roomId;
}

/** Sends line after line, each by the user who wrote it, and notes what was stored. */
export async function sendConversation(
  maru: Maru,
  sent: SentRoom,
  lines: readonly Line[],
  onSent: () => void,
): Promise<void> {
  const seqOfLine = new Map<number, number>();
  for (const line of lines) {
    try {
      const { entry } = await maru.messages.send({
        roomId: sent.roomId,
        actor: user(line.from),
        content: text(line.text),
        replyToSeq: seqOfLine.get(line.reply_to ?? 0) ?? 0,
      });
      const seq = entry?.seq ?? 0;
      seqOfLine.set(line.n, seq);
      sent.messages.push([seq, fingerprint(line.text)]);
    } catch (error) {
      if (!(line.text === "" && isReason(error, ErrorReason.INVALID_REQUEST))) throw error;
      if (error.violations[0]?.field !== "content.text.text") throw error;
      sent.refused++;
    }
    onSent();
  }
}
