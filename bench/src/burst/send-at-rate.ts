import { type Sending, type SendTally, sendOne } from "../contention/send-messages.ts";

export interface SendRate {
  readonly perSecond: number;
  readonly seconds: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/**
 * Each message has its time. A writer waits for its answer before it sends the next, which is then late: a machine that is
 * too slow sends less, and is not buried under calls.
 */
export async function sendAtRate(sending: Sending, tally: SendTally, { perSecond, seconds, signal }: SendRate) {
  const { maru, roomIds, userIds } = sending;
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const write = async (userId: string, first: number) => {
    for (let n = first; n < perSecond * seconds; n += userIds.length) {
      const waitMs = (n * 1000) / perSecond - elapsedMs();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (signal.aborted || elapsedMs() > seconds * 1000) return;
      await sendOne(maru, tally, { roomId: roomIds[n % roomIds.length] ?? "", userId }, false);
    }
  };
  await Promise.all(userIds.map(write));
}
