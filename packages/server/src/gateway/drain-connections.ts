import { setTimeout as sleep } from "node:timers/promises";
import { closeCodes } from "./close-codes.ts";
import type { Connection } from "./connection.ts";
import { encodeFrame } from "./encoded-frame.ts";

export interface DrainOptions {
  /** Over how long the connections come back elsewhere, and end here. */
  readonly windowMs: number;
  /** Where; empty: at the same address. */
  readonly url: string;
  readonly random: () => number;
  readonly steadyMs: () => number;
}

const stepMs = 50;

/**
 * Asks all clients to connect anew, each at its own moment of the window, and closes what is still there a little after.
 * Those that are not known yet are closed at once.
 */
export async function drainConnections(connections: Iterable<Connection>, options: DrainOptions): Promise<void> {
  const { windowMs, url, random, steadyMs } = options;
  const startedMs = steadyMs();
  const due: { readonly connection: Connection; readonly atMs: number }[] = [];
  for (const connection of connections) {
    if (connection.state !== "open") {
      connection.close(closeCodes.draining);
      continue;
    }
    const reconnectAfterMs = Math.floor(random() * windowMs * 0.7);
    const closesAfterMs = Math.ceil(reconnectAfterMs + windowMs * 0.3);
    connection.send(encodeFrame({ case: "drain", value: { reconnectAfterMs, url, closesAfterMs } }));
    due.push({ connection, atMs: startedMs + closesAfterMs });
  }
  due.sort((one, other) => other.atMs - one.atMs);
  while (due.length > 0) {
    const last = due.at(-1);
    if (last === undefined) break;
    if (last.connection.state === "closed" || last.atMs <= steadyMs()) {
      last.connection.close(closeCodes.draining);
      due.pop();
    } else if (due.every(({ connection }) => connection.state === "closed")) {
      break;
    } else {
      await sleep(Math.min(stepMs, last.atMs - steadyMs()));
    }
  }
}
