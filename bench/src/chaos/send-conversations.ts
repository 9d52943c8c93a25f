import { ErrorReason, isReason, type Maru, service, text, user } from "@maru/client";
import { messageKey } from "../contention/message-key.ts";
import type { SendTally } from "../contention/send-messages.ts";

/** The lines of a conversation, in order. */
export type Conversation = readonly string[];

export interface Senders {
  readonly maru: Maru;
  /** The rooms, with what is said there: from the beginning again when it is over. */
  readonly rooms: ReadonlyMap<string, Conversation>;
  readonly userIds: readonly string[];
  /** Of all senders together. */
  readonly perSecond: number;
}

/** Makes a room for each conversation. */
export async function openRooms(
  maru: Maru,
  conversations: readonly Conversation[],
  userIds: readonly string[],
): Promise<Map<string, Conversation>> {
  const members = userIds.map((userId) => ({ userId }));
  const rooms = new Map<string, Conversation>();
  for (const conversation of conversations) {
    const { room } = await maru.rooms.create({ actor: service(), kind: "group", members }, { timeoutMs: 60_000 });
    rooms.set(room?.roomId ?? "", conversation);
  }
  return rooms;
}

/**
 * Each sender says one line after the other, in the rooms in turn. A line whose sending fails is sent again with the same
 * key, as a program does that must not lose it, until it is acknowledged or the time for that is over.
 */
export async function sendConversations(senders: Senders, tally: SendTally, signal: AbortSignal): Promise<void> {
  const { maru, userIds, perSecond } = senders;
  const rooms = [...senders.rooms];
  const intervalMs = (userIds.length * 1000) / perSecond;
  const nextLine = new Map<string, number>();
  let turn = 0;
  const speak = async (userId: string) => {
    while (!signal.aborted) {
      const [roomId, lines] = rooms[turn++ % rooms.length] ?? ["", []];
      const n = nextLine.get(roomId) ?? 0;
      nextLine.set(roomId, n + 1);
      const due = new Promise((resolve) => setTimeout(resolve, intervalMs));
      await sendUntilAcknowledged(maru, tally, { roomId, userId, text: lines[n % lines.length] ?? "" });
      await due;
    }
  };
  await Promise.all(userIds.map(speak));
}

const giveUpAfterMs = 60_000;

async function sendUntilAcknowledged(
  maru: Maru,
  { sent, failures }: SendTally,
  line: { readonly roomId: string; readonly userId: string; readonly text: string },
): Promise<void> {
  const key = messageKey();
  const giveUpAtMs = performance.now() + giveUpAfterMs;
  for (;;) {
    try {
      const { roomId, userId } = line;
      const content = text(line.text);
      const { entry } = await maru.messages.send({ roomId, actor: user(userId), content, idempotencyKey: key });
      sent.push({ ...line, key, seq: entry?.seq ?? 0 });
      return;
    } catch (error) {
      const isFinal = isReason(error, ErrorReason.INVALID_REQUEST) || performance.now() > giveUpAtMs;
      if (!isFinal) continue;
      failures.push(error);
      return;
    }
  }
}
