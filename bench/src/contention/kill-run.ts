import { isDeepStrictEqual } from "node:util";
import { ErrorReason, isReason, type Maru } from "@maru/client";
import { checkLogs, type LogFindings } from "./check-logs.ts";
import { readLogs } from "./read-logs.ts";
import { createRooms, userNames } from "./rooms.ts";
import { newTally, type SentMessage, sendAgain, sendMessages } from "./send-messages.ts";
import type { ApiServers } from "./servers.ts";

/** What was promised, counted where it was broken: all but `sent` and `entries` are 0. */
export interface KillFindings extends LogFindings {
  readonly sent: number;
  readonly failures: readonly unknown[];
  /** Messages that were sent twice at once and got two answers. */
  readonly answersThatDiffer: number;
  /** Later repeats, on each server, that did not get the first answer. */
  readonly repeatsThatDiffer: number;
  /** The same key with another text, on each server, that was not refused with the first seq. */
  readonly reusesNotRefused: number;
  /** Rooms that the two servers show differently. */
  readonly roomsThatDiffer: number;
}

/**
 * Writers send to rooms over two servers in turn; the second server is killed when a third of the messages are stored,
 * and comes back when half of them are.
 */
export async function sendThroughAKill(
  { servers, connect }: ApiServers,
  plan: { rooms: number; writers: number; sends: number },
): Promise<KillFindings> {
  const [first, second] = servers;
  if (first === undefined || second === undefined) throw new RangeError("a kill needs two servers");
  const maru = connect({ affinity: false });
  const each = [first, second].map((server) => connect({ servers: [server] }));
  const userIds = userNames(plan.writers);
  const roomIds = await createRooms(maru, plan.rooms, userIds);
  const tally = newTally();

  const kill = Promise.withResolvers<void>();
  const revive = Promise.withResolvers<void>();
  const more = (begun: number) => {
    if (begun >= plan.sends / 3) kill.resolve();
    if (begun >= plan.sends / 2) revive.resolve();
    return begun < plan.sends;
  };
  const dieAndReturn = async () => {
    await kill.promise;
    await second.kill();
    await revive.promise;
    await second.start();
    await second.waitUntilHealthy();
  };
  await Promise.all([sendMessages({ maru, roomIds, userIds, doubleEvery: 10 }, tally, { more }), dieAndReturn()]);

  const logs = await Promise.all(each.map((one) => readLogs(one, roomIds)));
  const [log = new Map()] = logs;
  const sample = tally.sent.filter((_, index) => index % Math.ceil(tally.sent.length / 40) === 0);
  const counted = await Promise.all(each.map((one) => tryAgain(one, sample)));
  return {
    ...checkLogs(log, tally.sent),
    sent: tally.sent.length,
    failures: tally.failures,
    answersThatDiffer: tally.answersThatDiffer.length,
    repeatsThatDiffer: counted.reduce((sum, { repeats }) => sum + repeats, 0),
    reusesNotRefused: counted.reduce((sum, { reuses }) => sum + reuses, 0),
    roomsThatDiffer: roomIds.filter((id) => logs.some((other) => !isDeepStrictEqual(other.get(id), log.get(id))))
      .length,
  };
}

async function tryAgain(maru: Maru, sample: readonly SentMessage[]): Promise<{ repeats: number; reuses: number }> {
  let repeats = 0;
  let reuses = 0;
  for (const message of sample) {
    if ((await sendAgain(maru, message)) !== message.seq) repeats++;
    if (!(await refusesAnotherText(maru, message))) reuses++;
  }
  return { repeats, reuses };
}

async function refusesAnotherText(maru: Maru, message: SentMessage): Promise<boolean> {
  try {
    await sendAgain(maru, { ...message, text: "another text" });
    return false;
  } catch (error) {
    if (!isReason(error, ErrorReason.IDEMPOTENCY_KEY_REUSED)) throw error;
    return error.code === "ALREADY_EXISTS" && error.metadata.seq === String(message.seq);
  }
}
