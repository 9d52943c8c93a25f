import { fork } from "node:child_process";
import { join } from "node:path";
import type { Handled, Lag } from "./receive.ts";

/** What the second process has handled so far. */
export interface Receiver {
  /** By room: every event in the order in which the handler got it. */
  readonly rooms: Map<string, { seq: number; hash: string }[]>;
  readonly delaysMs: number[];
  /** Messages among the events, without those that came again. */
  readonly messageCount: number;
  /** What its consumer said last about what it has not fetched. */
  readonly lag: Lag;
  /** Rejects when the process ends before it is stopped. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

export async function startReceiver(options: {
  readonly address: string;
  readonly token: string;
  readonly brokers: readonly string[];
  readonly group: string;
}): Promise<Receiver> {
  const child = fork(
    join(import.meta.dirname, "receive.ts"),
    [options.address, options.token, options.brokers.join(","), options.group],
    { execArgv: ["--disable-warning=TimeoutNegativeWarning"] },
  );
  const rooms: Receiver["rooms"] = new Map();
  const delaysMs: number[] = [];
  let messageCount = 0;
  let lag: Lag = { partitions: 0, toFetch: 0 };
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let stopping = false;
  const failed = exited.then((code): Promise<never> => {
    if (stopping) return new Promise(() => {});
    throw new Error(`the receiving process ended with code ${code}`);
  });
  failed.catch(() => {});
  const ready = new Promise<void>((resolve) => {
    child.on("message", (message: { ready?: true; handled?: Handled[]; lag?: Lag }) => {
      if (message.ready) resolve();
      lag = message.lag ?? lag;
      for (const [roomId, seq, hash, delayMs] of message.handled ?? []) {
        const events = rooms.get(roomId) ?? [];
        if (hash !== "" && seq > (events.at(-1)?.seq ?? 0)) messageCount++;
        events.push({ seq, hash });
        rooms.set(roomId, events);
        delaysMs.push(delayMs);
      }
    });
  });
  await Promise.race([ready, failed]);
  return {
    rooms,
    delaysMs,
    get messageCount() {
      return messageCount;
    },
    get lag() {
      return lag;
    },
    failed,
    close: async () => {
      stopping = true;
      if (child.connected) child.send("stop");
      await exited;
    },
  };
}
