import type { OffsetTracker } from "./commit.ts";
import type { HandOver } from "./hand-over.ts";
import type { HandlerSlots } from "./handler-slots.ts";
import type { AnyEvent } from "./handlers.ts";
import type { FetchedEvent } from "./lane.ts";
import type { Letters } from "./letters.ts";
import type { ConsumerMeter } from "./metrics.ts";
import type { Positions } from "./positions.ts";
import { placeInRoom } from "./room-lane.ts";

/** What the fast path of a partition needs. */
export interface FastPathDeps {
  readonly partition: number;
  readonly handOver: HandOver;
  readonly slots: HandlerSlots;
  readonly letters: Letters | undefined;
  readonly positions: Positions;
  readonly offsets: OffsetTracker;
  readonly meter: ConsumerMeter;
  /** Whether something of the room is to be done before. */
  isBusy(roomId: string): boolean;
  /** Goes on with an event whose handler was called and has not ended, or has thrown. */
  adopt(fetched: FetchedEvent, event: AnyEvent, outcome: Promise<void>): void;
}

/** Does what can be done with an event at once, and says whether that is all; if not, nothing has happened yet. */
export type FastPath = (fetched: FetchedEvent) => boolean;

/**
 * Most events come when nothing of their room is to be done, and most handlers that only compute return no promise. Such an
 * event is handled and done on the spot: without a lane, a queue, a timer, or a promise, and nothing of it is kept. It is what
 * the lane would do (`following`, `next`, `handle`, `finish`) in one go; everything else is the lane's.
 *
 * Not for consumers with a position store, which is always waited for.
 */
export function createFastPath(deps: FastPathDeps): FastPath {
  const { partition, handOver, slots, letters, positions, offsets, meter } = deps;

  function isHeldUp({ roomId, seq }: AnyEvent): boolean {
    if (deps.isBusy(roomId)) return true;
    if (letters === undefined || letters.isEmpty(partition)) return false;
    return letters.parked(partition, roomId) !== undefined || letters.skipped(partition, roomId, seq) !== undefined;
  }

  return (fetched) => {
    const { event, record } = fetched;
    if (event.kind === "unreadable" || isHeldUp(event)) return false;
    const { roomId, seq } = event;
    const place = placeInRoom(positions.get(roomId), seq, event.kind);
    if (place === "later") return false;
    if (place === "repeat") {
      meter.repeatDropped();
      offsets.takeFinished(record.offset);
      return true;
    }
    if (handOver.isAwaited(event)) {
      if (!slots.hasOne(roomId)) return false;
      const outcome = handOver.deliverNow(event, fetched);
      if (outcome !== undefined) {
        deps.adopt(fetched, event, outcome);
        return true;
      }
    } else {
      handOver.passOver(event);
    }
    positions.set(roomId, seq);
    offsets.takeFinished(record.offset);
    return true;
  };
}
