import type { CallOptions } from "@connectrpc/connect";
import { Code, createContextValues } from "@connectrpc/connect";
import { type Entry, ErrorReason, type WatchRoomResponse } from "@maru/protocol";
import type { Maru } from "./connect.ts";
import { MaruError, toMaruError } from "./errors.ts";
import { openWithinMs } from "./open-within.ts";
import { isServersAnswer, judge } from "./retry.ts";

/** The longest that a server may take for its first part, which it sends at once. */
const MAX_OPEN_MS = 10_000;

/** Where and how one stream begins. */
export interface WatchPlace {
  readonly roomId: string;
  readonly after: number;
  readonly heartbeatMs: number;
}

/**
 * One stream of WatchRoom: the entries of each part, none for a sign of life. It returns why another stream is to be
 * opened, or nothing when the server shut down; it throws what another stream would not mend.
 */
export async function* receiveWatch(
  events: Maru["events"],
  place: WatchPlace,
  { signal, headers }: Pick<CallOptions, "signal" | "headers">,
): AsyncGenerator<readonly Entry[], MaruError | undefined, undefined> {
  const silenceMs = place.heartbeatMs * 2.5;
  const silence = new AbortController();
  const contextValues = createContextValues().set(openWithinMs, Math.min(silenceMs, MAX_OPEN_MS));
  const parts = events
    .watchRoom(place, {
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
      ...(headers && { headers }),
      contextValues,
    })
    [Symbol.asyncIterator]();
  let received = false;
  try {
    for (;;) {
      const part = await (received ? beforeSilence(parts, silence, silenceMs) : parts.next());
      received = true;
      if (part.done) return lostStream("the stream ended without a word");
      if (part.value.kind.case === "ending") return undefined;
      yield part.value.kind.case === "entries" ? part.value.kind.value.entries : [];
    }
  } catch (thrown) {
    const error = toMaruError(thrown);
    if (signal?.aborted) throw error;
    if (silence.signal.aborted) return lostStream(`the stream was silent for ${silenceMs} ms`);
    if (judge(error) !== "stop" || (received && isBrokenOff(error))) return error;
    throw error;
  } finally {
    await parts.return?.();
  }
}

/** Only the time in which the next part is waited for counts, not that in which the loop works on the last one. */
async function beforeSilence(
  parts: AsyncIterator<WatchRoomResponse>,
  silence: AbortController,
  silenceMs: number,
): Promise<IteratorResult<WatchRoomResponse>> {
  const timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    return await parts.next();
  } finally {
    clearTimeout(timer);
  }
}

/** However proxies and transports put it: a stream that ran, and for whose end no server of Maru gave a reason. */
function isBrokenOff(error: MaruError): boolean {
  return !isServersAnswer(error) && error.code !== "CANCELLED";
}

function lostStream(sentence: string): MaruError {
  const message = `[UNAVAILABLE] ${sentence}`;
  return new MaruError({ message, reason: ErrorReason.UNSPECIFIED, code: Code.Unavailable });
}
