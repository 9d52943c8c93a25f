import { type Maru, text, user } from "@maru/client";
import { messageKey } from "./message-key.ts";

/** What was asked for, and what the first answer said. */
export interface SentMessage {
  readonly roomId: string;
  readonly userId: string;
  readonly text: string;
  readonly key: string;
  readonly seq: number;
}

export interface Sending {
  readonly maru: Maru;
  readonly roomIds: readonly string[];
  /** The writers: each sends one message at a time, to the rooms in turn. */
  readonly userIds: readonly string[];
  /** Each so many messages one is sent twice at once with the same key. */
  readonly doubleEvery?: number;
}

/** What came of all sends so far. */
export interface SendTally {
  readonly sent: SentMessage[];
  readonly failures: unknown[];
  /** Messages that got two answers which differ. */
  readonly answersThatDiffer: SentMessage[];
}

export function newTally(): SendTally {
  return { sent: [], failures: [], answersThatDiffer: [] };
}

/** How long the writers go on, and how fast. */
export interface SendPace {
  /** Asked before each message with the number of those that were begun. */
  readonly more: (begun: number) => boolean;
  /** Of all writers together; as fast as it goes when it is undefined. */
  readonly perSecond?: number;
}

/** All writers send until there is no more. Failures are counted, and the writer goes on. */
export async function sendMessages(sending: Sending, tally: SendTally, pace: SendPace): Promise<void> {
  const { userIds, roomIds, doubleEvery } = sending;
  const intervalMs = pace.perSecond === undefined ? 0 : (userIds.length * 1000) / pace.perSecond;
  let begun = 0;
  const write = async (userId: string) => {
    while (pace.more(begun)) {
      const n = begun++;
      const due = pause(intervalMs);
      const room = { roomId: roomIds[n % roomIds.length] ?? "", userId };
      await sendOne(sending.maru, tally, room, doubleEvery !== undefined && n % doubleEvery === 0);
      await due;
    }
  };
  await Promise.all(userIds.map(write));
}

/** Sends one message, and again with the same key if asked to. A failure is counted. */
export async function sendOne(
  maru: Maru,
  { sent, failures, answersThatDiffer }: SendTally,
  { roomId, userId }: Pick<SentMessage, "roomId" | "userId">,
  twice: boolean,
): Promise<void> {
  const key = messageKey();
  const message = { roomId, userId, key, text: `text of ${key}` };
  try {
    const tries = Array.from({ length: twice ? 2 : 1 }, () => sendAgain(maru, message));
    const [seq = 0, again = seq] = await Promise.all(tries);
    sent.push({ ...message, seq });
    if (again !== seq) answersThatDiffer.push({ ...message, seq: again });
  } catch (error) {
    failures.push(error);
  }
}

/** Sends with the message's own key, and returns the seq of the answer. */
export async function sendAgain(maru: Maru, message: Omit<SentMessage, "seq">): Promise<number> {
  const { roomId, userId, key: idempotencyKey } = message;
  const { entry } = await maru.messages.send({
    roomId,
    actor: user(userId),
    content: text(message.text),
    idempotencyKey,
  });
  return entry?.seq ?? 0;
}

function pause(ms: number): Promise<void> | undefined {
  return ms === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, ms));
}
