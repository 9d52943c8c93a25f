import type { Receiver } from "./receiver.ts";

export interface ArrivalsOptions {
  readonly receiver: Pick<Receiver, "delaysMs" | "lag">;
  /** Of the server that relays. */
  readonly httpAddress: string;
  /** Whether something must still come. */
  readonly isWaiting: () => boolean;
  readonly say: (line: string) => void;
}

export interface Arrivals extends Disposable {
  /** For how long nothing has come that should have. */
  readonly quietMs: number;
}

const quietLimitMs = 10_000;

/** Says what relay and consumer say of themselves when nothing has come for a while, and again until something comes. */
export function watchArrivals({ receiver, httpAddress, isWaiting, say }: ArrivalsOptions): Arrivals {
  let handled = 0;
  let quietSince = Date.now();
  let toldAt = 0;
  const timer = setInterval(() => {
    if (receiver.delaysMs.length !== handled || !isWaiting()) quietSince = Date.now();
    handled = receiver.delaysMs.length;
    if (Date.now() - quietSince < quietLimitMs || Date.now() - toldAt < quietLimitMs) return;
    toldAt = Date.now();
    const seconds = Math.round((Date.now() - quietSince) / 1000);
    const { partitions, toFetch } = receiver.lag;
    void readiness(httpAddress).then((relay) => {
      say(`nothing has arrived for ${seconds} s. The server: ${relay}`);
      say(`  The consumer has ${partitions} partitions, and ${toFetch} events of them are still to be fetched.`);
    });
  }, 1_000);
  return {
    get quietMs() {
      return Date.now() - quietSince;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

async function readiness(httpAddress: string): Promise<string> {
  try {
    const answer = await fetch(`http://${httpAddress}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return (await answer.text()).trim();
  } catch (error) {
    return `/readyz does not answer (${error instanceof Error ? error.message : String(error)})`;
  }
}
