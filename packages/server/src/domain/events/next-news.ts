import type { Entry } from "@maru/protocol";
import type { StreamCall } from "../call.ts";
import type { Alarm } from "../clock.ts";
import type { FollowedTail } from "./tail-feed.ts";

export interface NewsWait {
  readonly tail: FollowedTail;
  readonly after: number;
  readonly silenceMs: number;
  readonly alarm: Alarm;
  readonly call: Pick<StreamCall, "signal" | "draining">;
}

/**
 * What comes first: entries that follow (none: to be read from the table), silence for long enough, or the end of the
 * call. Of a wait that is over nothing is left: a watch of days has as many as there are messages.
 */
export async function nextNews(wait: NewsWait): Promise<readonly Entry[] | "silence" | "over"> {
  const { tail, after, silenceMs, alarm, call } = wait;
  if (call.signal.aborted || call.draining.aborted) return "over";
  const { promise, resolve } = Promise.withResolvers<readonly Entry[] | "silence" | "over">();
  const over = () => resolve("over");
  using _grown = tail.whenGrown(after, resolve);
  using _silence = alarm(silenceMs, () => resolve("silence"));
  call.signal.addEventListener("abort", over);
  call.draining.addEventListener("abort", over);
  try {
    return await promise;
  } finally {
    call.signal.removeEventListener("abort", over);
    call.draining.removeEventListener("abort", over);
  }
}
