import type { PartitionClaim } from "@maru/kafka";
import type { Lane } from "./lane.ts";
import type { Positions } from "./positions.ts";
import type { LaneInput } from "./room-lane.ts";

/** What those who work on lanes share. */
export interface LaneHost {
  readonly claim: PartitionClaim;
  /** The seq of the last entry that is done, by room. */
  readonly positions: Positions;
  /** Aborts when nothing more may begin. */
  readonly stopping: AbortSignal;
  /** Whether the partition is still held, as the brokers see it. */
  confirm(): Promise<boolean>;
  /** The lane of a room, made where there is none. */
  laneOf(roomId: string): Lane;
  /** The lane of a room of which something is to be done. */
  busyLane(roomId: string): Lane | undefined;
  /** Something happened to a lane. */
  input(lane: Lane, what: LaneInput): void;
}
