import type { Entry } from "@maru/protocol";
import type { Resumed } from "@maru/protocol/realtime";
import type { RoomBuffer } from "./room-buffer.ts";

/** What has to be done: nothing, or follow the room anew. */
export type FollowWish = "nothing" | "resume";

/** How far the following of a room is on the connection of the moment. */
type Wire =
  | { readonly is: "off" }
  | { readonly is: "awaiting"; readonly requestId: string; readonly after: number }
  /** `until`: what the answer promised; below it the room is being caught up with. */
  | { readonly is: "live"; readonly at: number; readonly until: number };

/** A room as it comes over connections, for all who read it: what comes twice is dropped, what leaves a hole is not taken. */
export class RoomFollow {
  readonly roomId: string;
  readonly buffers = new Set<RoomBuffer>();
  #wire: Wire = { is: "off" };
  /** A resume for it went out on this connection. */
  #followed = false;
  #lastTailAt = -1;
  #fruitless = 0;

  constructor(roomId: string) {
    this.roomId = roomId;
  }

  get isLive(): boolean {
    return this.#wire.is === "live";
  }

  get awaitedRequest(): string | undefined {
    return this.#wire.is === "awaiting" ? this.#wire.requestId : undefined;
  }

  /** How often in a row following anew brought nothing: the next time should wait. */
  get fruitless(): number {
    return this.#fruitless;
  }

  /** Says whether what this reader needs comes by itself; else the room must be followed anew. */
  join(buffer: RoomBuffer): FollowWish {
    this.buffers.add(buffer);
    return this.#needs(buffer) ? "resume" : "nothing";
  }

  /** The reader has room again. */
  catchUp(buffer: RoomBuffer): FollowWish {
    if (!buffer.isBehind) return "nothing";
    buffer.catchUp();
    return this.#needs(buffer) ? "resume" : "nothing";
  }

  #needs(buffer: RoomBuffer): boolean {
    if (this.#wire.is === "off") return true;
    return buffer.end < (this.#wire.is === "live" ? this.#wire.at : this.#wire.after);
  }

  /** A resume goes out. A gateway goes on from where a room is, so one that it follows must be unfollowed first. */
  resuming(requestId: string): { readonly after: number; readonly unfollowFirst: boolean } {
    const after = this.#resumeAfter();
    const unfollowFirst = this.#followed;
    this.#wire = { is: "awaiting", requestId, after };
    this.#followed = true;
    return { after, unfollowFirst };
  }

  #resumeAfter(): number {
    const all = [...this.buffers];
    const ready = all.filter((buffer) => !buffer.isBehind);
    const ends = (ready.length > 0 ? ready : all).map((buffer) => buffer.end);
    return ends.length === 0 ? 0 : Math.min(...ends);
  }

  resumed({ requestId, recovered, afterSeq, lastSeq }: Resumed): FollowWish {
    if (this.#wire.is !== "awaiting" || this.#wire.requestId !== requestId) return "nothing";
    const asked = this.#wire.after;
    if (recovered && afterSeq !== asked) return this.#again();
    if (!recovered) {
      // Readers that are further than what was asked for have no gap, but what lies between them and the end.
      for (const buffer of this.buffers) if (buffer.end === asked || buffer.end < lastSeq) buffer.skipTo(lastSeq);
    }
    this.#wire = { is: "live", at: recovered ? asked : lastSeq, until: lastSeq };
    return "nothing";
  }

  entry(entry: Entry): FollowWish {
    if (this.#wire.is !== "live" || entry.seq <= this.#wire.at) return "nothing";
    if (entry.seq > this.#wire.at + 1) return this.#again();
    this.#wire = { ...this.#wire, at: entry.seq };
    this.#fruitless = 0;
    for (const buffer of this.buffers) buffer.offer(entry);
    return "nothing";
  }

  /** The gateway says that the room has this entry. While it is still catching up, one look without progress is allowed. */
  tail(seq: number): FollowWish {
    if (this.#wire.is !== "live" || seq <= this.#wire.at) return "nothing";
    const { at, until } = this.#wire;
    const moves = at < until && this.#lastTailAt !== at;
    this.#lastTailAt = at;
    return moves ? "nothing" : this.#again();
  }

  /** The resume was refused, for now. */
  refused(): void {
    this.#wire = { is: "off" };
    this.#fruitless++;
  }

  disconnected(): void {
    this.#wire = { is: "off" };
    this.#followed = false;
    this.#lastTailAt = -1;
  }

  #again(): FollowWish {
    this.#wire = { is: "off" };
    this.#fruitless++;
    return "resume";
  }
}
