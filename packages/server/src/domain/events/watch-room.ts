import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Entry, WatchRoomRequest, WatchRoomResponseSchema } from "@maru/protocol";
import type { StreamCall } from "../call.ts";
import type { Alarm, Clock } from "../clock.ts";
import { inParts } from "../in-parts.ts";
import { bytesOf } from "../log/entry-bytes.ts";
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
const maxPartBytes = 2 * 1024 * 1024;

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
        for (const part of entries(page)) yield part;
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
      for (const part of entries(news)) yield part;
      after += news.length;
    } else {
      place = "behind";
    }
  }
  yield { kind: { case: "ending", value: { resumeAfter: after } } };
}

/** Not in one part where they are large: gRPC clients take messages of 4 MB by default. */
function entries(page: readonly Entry[]): Part[] {
  const shown = page.map(withoutHeldContent);
  return inParts(shown, (entry) => bytesOf({ entry }), maxPartBytes).map((part) => ({
    kind: { case: "entries", value: { entries: part } },
  }));
}

function heartbeat(lastSeq: number, clock: Clock): Part {
  return { kind: { case: "heartbeat", value: { lastSeq, serverTime: timestampFromMs(clock.nowMs()) } } };
}
