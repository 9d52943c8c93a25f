import { fork } from "node:child_process";
import { join } from "node:path";
import type { Handled } from "./receive.ts";

/** What the second process has handled so far. */
export interface Receiver {
  /** By room: every event in the order in which the handler got it. */
  readonly rooms: Map<string, { seq: number; hash: string }[]>;
  readonly delaysMs: number[];
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
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let stopping = false;
  const failed = exited.then((code): Promise<never> => {
    if (stopping) return new Promise(() => {});
    throw new Error(`the receiving process ended with code ${code}`);
  });
  failed.catch(() => {});
  const ready = new Promise<void>((resolve) => {
    child.on("message", (message: { ready?: true; handled?: Handled[] }) => {
      if (message.ready) resolve();
      for (const [roomId, seq, hash, delayMs] of message.handled ?? []) {
        const events = rooms.get(roomId) ?? [];
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
    failed,
    close: async () => {
      stopping = true;
      if (child.connected) child.send("stop");
      await exited;
    },
  };
}
