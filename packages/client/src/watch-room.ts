import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import { type Entry, ErrorReason } from "@maru/protocol";
import type { Maru } from "./connect.ts";
import { MaruError } from "./errors.ts";
import { receiveWatch } from "./receive-watch.ts";
import { backoffMs, toRetryPolicy } from "./retry.ts";

/** What {@link watchRoom} watches. */
export interface WatchRoomStart {
  /** The room. */
  readonly roomId: string;
  /** Only entries with a higher number; the room must have it. @default 0, for all */
  readonly after?: number;
  /**
   * How long the stream may be silent before the server gives a sign of life, in milliseconds, from 1,000 to 60,000.
   * After two and a half times as long the connection is given up, and another one made. @default 10_000
   */
  readonly heartbeatMs?: number;
}

/** How {@link watchRoom} watches. */
export interface WatchRoomOptions extends Pick<CallOptions, "signal" | "headers"> {
  /** Told of each connection that was lost and is made again, for logs and metrics. A server that shut down is none. */
  readonly onInterrupted?: (error: MaruError) => void;
}

/**
 * Follows a room: first the entries that it has, then those that come, each once and in order. It goes on by itself,
 * from the last entry that the loop took, when a server shuts down, a connection breaks off or is silent for too long;
 * it does not give up while servers are away. Leaving the loop ends it.
 *
 * Rejects with a {@link MaruError} for what another try would not mend: ROOM_NOT_FOUND, SEQ_BEYOND_END, ENTRY_PURGED
 * (go on with `after: Number(err.metadata.purgedBelow) - 1`), a token that is refused, CANCELLED for the signal.
 *
 * @example
 * for await (const entry of watchRoom(maru, { roomId, after: 41 }, { signal })) console.log(entry.seq, entry.type);
 */
export async function* watchRoom(
  maru: Pick<Maru, "events">,
  { roomId, after: start = 0, heartbeatMs = 10_000 }: WatchRoomStart,
  { signal, headers, onInterrupted }: WatchRoomOptions = {},
): AsyncGenerator<Entry, void, undefined> {
  const policy = toRetryPolicy();
  let after = start;
  for (let waits = 0; ; ) {
    const parts = receiveWatch(maru.events, { roomId, after, heartbeatMs }, { signal, headers });
    let lost: MaruError | undefined;
    let received = false;
    try {
      for (let next = await parts.next(); ; next = await parts.next()) {
        lost = next.done ? next.value : undefined;
        if (next.done) break;
        received = true;
        for (const entry of next.value) {
          if (signal?.aborted) throw aborted(signal);
          if (entry.seq <= after) continue;
          if (entry.seq > after + 1) throw skipped(after + 1);
          after = entry.seq;
          yield entry;
        }
      }
    } finally {
      await parts.return(undefined);
    }
    if (received) waits = 0;
    if (received && lost === undefined) continue;
    if (lost !== undefined) onInterrupted?.(lost);
    const waitMs = lost === undefined ? policy.maxBackoffMs : backoffMs(policy, lost, waits++, Math.random());
    await sleep(waitMs, undefined, { signal }).catch(() => {});
    if (signal?.aborted) throw aborted(signal);
  }
}

function aborted(signal: AbortSignal): MaruError {
  const message = "[CANCELLED] the caller aborted the call";
  return new MaruError({ message, reason: ErrorReason.CANCELLED, code: Code.Canceled, cause: signal.reason });
}

function skipped(seq: number): MaruError {
  const message = `[INTERNAL] the server left out entry ${seq}`;
  return new MaruError({ message, reason: ErrorReason.UNSPECIFIED, code: Code.Internal });
}
