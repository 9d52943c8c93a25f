import { setTimeout as sleep } from "node:timers/promises";
import type { ProgramNode } from "@maru/devstack/servers";
import type { ConsumerReport } from "./consumer-report.ts";

/** What each life of each consumer reported last: one that is killed takes what came after that with it. */
export type ConsumerLives = ReadonlyMap<string, ConsumerReport>;

const everyMs = 500;

/** Asks the consumers again and again until the signal. */
export async function watchConsumers(consumers: readonly ProgramNode[], signal: AbortSignal): Promise<ConsumerLives> {
  const lives = new Map<string, ConsumerReport>();
  const ask = async ({ name, pid, httpAddress }: ProgramNode) => {
    if (pid === undefined) return;
    const timeout = AbortSignal.timeout(2_000);
    const answer = await fetch(`http://${httpAddress}/`, { signal: timeout }).then((response) => response.json());
    lives.set(`${name} ${pid}`, answer as ConsumerReport);
  };
  while (!signal.aborted) {
    // One that is down or stopped does not answer.
    await Promise.allSettled(consumers.map(ask));
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
  await Promise.allSettled(consumers.map(ask));
  return lives;
}
