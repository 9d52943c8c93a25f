import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { Maru } from "@maru/client";
import { type SubscribeOptions, subscribe } from "@maru/client/events";
// An adapter of 40 lines, as every service with a database of its own has one.
import { sqlitePositions } from "../../search/src/sqlite-positions.ts";
import { openWaiting } from "./open-waiting.ts";
import { pushHandlers } from "./push-handlers.ts";
import { type SendDueDeps, sendDue } from "./send-due.ts";

export interface PushOptions
  extends Omit<SubscribeOptions<DatabaseSync>, "group" | "positions">,
    Pick<SendDueDeps, "presence" | "deliver" | "onError"> {
  readonly maru: Pick<Maru, "events" | "rooms">;
  /** Holds what people are to be told yet. */
  readonly file: string;
  readonly group?: string;
  /** For so long a sender's messages are joined. @default 3000 */
  readonly windowMs?: number;
  /** How often it is looked what is due. @default 200 */
  readonly everyMs?: number;
  readonly nowMs?: () => number;
}

/** The running service. */
export interface PushService extends AsyncDisposable {
  /** As that of a consumer. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** Tells people who are not connected of what is said in their rooms. */
export async function startPush(options: PushOptions): Promise<PushService> {
  const { maru, file, presence, deliver, onError, ...more } = options;
  const { group = "push", windowMs = 3_000, everyMs = 200, nowMs = Date.now, ...rest } = more;
  const [written, told] = [openWaiting(file), openWaiting(file)];
  const positions = sqlitePositions(written);
  // A new group tells of what is said from now on, not of all that was ever said.
  const consumer = await subscribe(maru, { fromBeginning: false, group, ...rest, positions }, pushHandlers({ nowMs }));
  const deps = { db: told, maru, presence, deliver, onError, windowMs, nowMs };
  const closing = new AbortController();
  const sending = sendUntil(closing.signal, deps, everyMs);
  async function close(): Promise<void> {
    await consumer.close();
    closing.abort();
    await sending;
    for (const db of [written, told]) if (db.isOpen) db.close();
  }
  return { done: consumer.done, close, [Symbol.asyncDispose]: close };
}

const longestPauseMs = 30_000;

/** Goes on until it is told to end. While something cannot be told, the pauses grow. */
async function sendUntil(signal: AbortSignal, deps: SendDueDeps, everyMs: number): Promise<void> {
  let pauseMs = everyMs;
  while (!signal.aborted) {
    const wentWell = await sendDue(deps, signal).catch((error: unknown) => {
      process.emitWarning(`what is to be told cannot be read: ${error}`);
      return false;
    });
    pauseMs = wentWell ? everyMs : Math.min(pauseMs * 2, longestPauseMs);
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}
