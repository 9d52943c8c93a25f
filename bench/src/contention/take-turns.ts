import { setTimeout as sleep } from "node:timers/promises";
import type { Maru } from "@maru/client";
import { type SendTally, sendMessages } from "./send-messages.ts";

export interface Turns {
  readonly roomId: string;
  readonly people: readonly string[];
  /** How many messages all of them send. */
  readonly turns: number;
  /** Before each message, up to half as much again. */
  readonly pauseMs: number;
}

/** Each in turn sends one message through a client of their own, when the one before is stored. */
export async function takeTurns(clients: readonly Maru[], turns: Turns, tally: SendTally): Promise<void> {
  for (let turn = 0; turn < turns.turns; turn++) {
    const maru = clients[turn % clients.length];
    const person = turns.people[turn % turns.people.length];
    if (maru === undefined || person === undefined) throw new RangeError("turns need people with clients");
    if (turns.pauseMs > 0) await sleep(turns.pauseMs * (1 + Math.random() / 2));
    await sendMessages({ maru, roomIds: [turns.roomId], userIds: [person] }, tally, { more: (begun) => begun < 1 });
  }
}
