import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Entry, WatchRoomRequest, WatchRoomResponseSchema } from "@maru/protocol";
import type { StreamCall } from "../call.ts";
import type { Alarm, Clock } from "../clock.ts";
import { withoutHeldContent } from "../messages/visible.ts";
import type { Store } from "../store.ts";
import { nextNews } from "./next-news.ts";
import { readOn, requireInLog } from "./read-on.ts";
import type { TailFeed } from "./tail-feed.ts";

export interface Watching {
  readonly store: Store;
  readonly clock: Clock;
  readonly alarm: Alarm;
  readonly tails: TailFeed;
}

type Part = MessageInitShape<typeof WatchRoomResponseSchema>;

const defaultHeartbeatMs = 10_000;

/**
 * Pages of the table up to its end, a heartbeat that says so, then what the feed hands over. What the feed cannot hand
 * over is read from the table again, so that nobody's pace but the reader's own matters to them.
 */
export async function* watchRoom(
  { store, clock, alarm, tails }: Watching,
  call: StreamCall,
  request: WatchRoomRequest,
): AsyncGenerator<Part> {
  const { roomId } = request;
  const heartbeatMs = request.heartbeatMs === 0 ? defaultHeartbeatMs : request.heartbeatMs;
  const { draining } = call;
  using tail = tails.follow(roomId);
  let after = request.after;
  let place: "opening" | "history" | "behind" | "live" = "opening";
  while (!draining.aborted) {
    call.signal.throwIfAborted();
    if (place !== "live") {
      const page = await readOn(store, roomId, after);
      if (page.length > 0) {
        yield entries(page);
        after += page.length;
        if (place === "opening") place = "history";
        continue;
      }
      if (place === "opening") await requireInLog(store, roomId, after);
      if (place !== "behind") yield heartbeat(after, clock);
      place = "live";
    }
    const news = await nextNews({ tail, after, alarm, silenceMs: heartbeatMs, call });
    if (news === "silence") {
      if (tail.failure !== undefined) throw tail.failure;
      yield heartbeat(after, clock);
    } else if (news !== "over" && news.length > 0) {
      yield entries(news);
      after += news.length;
    } else {
      place = "behind";
    }
  }
  yield { kind: { case: "ending", value: { resumeAfter: after } } };
}

function entries(page: readonly Entry[]): Part {
  return { kind: { case: "entries", value: { entries: page.map(withoutHeldContent) } } };
}

function heartbeat(lastSeq: number, clock: Clock): Part {
  return { kind: { case: "heartbeat", value: { lastSeq, serverTime: timestampFromMs(clock.nowMs()) } } };
}
