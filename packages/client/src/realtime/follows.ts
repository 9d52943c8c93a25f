import { type Entry, ErrorReason } from "@maru/protocol";
import type { Resumed, RoomPosition } from "@maru/protocol/realtime";
import type { ClientFrameKind } from "./frame-codec.ts";
import { mayPass, RealtimeError } from "./realtime-error.ts";
import { backoffMs } from "./reconnect.ts";
import { RoomFollow } from "./room-follow.ts";
import type { RoomReader } from "./room-reader.ts";

/** What {@link Follows} uses. */
export interface FollowsDeps {
  readonly isOpen: () => boolean;
  readonly send: (kind: ClientFrameKind, requestId: string) => void;
  readonly nextRequestId: () => string;
  readonly later: (waitMs: number, act: () => void) => void;
  readonly random: () => number;
  /** The set of rooms that come has changed. */
  readonly changed: () => void;
}

/** The contract's bound, and one that keeps frames small before a gateway has said how large they may be. */
const MAX_ROOMS_A_FRAME = 500;
const MAX_CHARS_A_FRAME = 12_000;
const againPolicy = { firstBackoffMs: 250, maxBackoffMs: 15_000 };

interface Followed {
  readonly follow: RoomFollow;
  readonly readers: Set<RoomReader>;
}

/** The rooms that are followed, by all who read them. */
export class Follows {
  readonly #deps: FollowsDeps;
  readonly #rooms = new Map<string, Followed>();
  readonly #wanted = new Set<RoomFollow>();
  #flushing = false;

  constructor(deps: FollowsDeps) {
    this.#deps = deps;
  }

  isLive(roomId: string): boolean {
    return this.#rooms.get(roomId)?.follow.isLive ?? false;
  }

  has(roomId: string): boolean {
    return this.#rooms.has(roomId);
  }

  readersOf(roomId: string): ReadonlySet<RoomReader> {
    return this.#rooms.get(roomId)?.readers ?? new Set();
  }

  join(roomId: string, reader: RoomReader): void {
    if (reader.buffer === undefined) return;
    const room = this.#rooms.get(roomId) ?? { follow: new RoomFollow(roomId), readers: new Set() };
    this.#rooms.set(roomId, room);
    room.readers.add(reader);
    if (room.follow.join(reader.buffer) === "resume") this.#want(room.follow);
  }

  leave(roomId: string, reader: RoomReader): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined || !room.readers.delete(reader)) return;
    if (reader.buffer !== undefined) room.follow.buffers.delete(reader.buffer);
    if (room.readers.size > 0) return;
    this.#forget(room);
    if (this.#deps.isOpen()) this.#deps.send({ case: "unfollow", value: { roomIds: [roomId] } }, "");
  }

  /** The reader has room for what it had none for. */
  catchUp(roomId: string, reader: RoomReader): void {
    const follow = this.#rooms.get(roomId)?.follow;
    if (follow !== undefined && reader.buffer !== undefined && follow.catchUp(reader.buffer) === "resume") {
      this.#want(follow);
    }
  }

  /** All are resumed right behind the hello. */
  opened(): void {
    for (const { follow } of this.#rooms.values()) this.#wanted.add(follow);
    this.#flush();
  }

  disconnected(): void {
    for (const { follow } of this.#rooms.values()) follow.disconnected();
    this.#wanted.clear();
  }

  resumed(resumed: Resumed): void {
    const room = this.#rooms.get(resumed.roomId);
    if (room === undefined) return;
    if (room.follow.resumed(resumed) === "resume") this.#againLater(room.follow);
    wake(room);
    this.#deps.changed();
  }

  /** Returns whether the room is followed here. */
  entry(entry: Entry): boolean {
    const room = this.#rooms.get(entry.roomId);
    if (room === undefined) return false;
    if (room.follow.entry(entry) === "resume") this.#againLater(room.follow);
    else wake(room);
    return true;
  }

  tails(tails: readonly RoomPosition[]): void {
    for (const { roomId, seq } of tails) {
      const follow = this.#rooms.get(roomId)?.follow;
      if (follow?.tail(seq) === "resume") this.#againLater(follow);
    }
  }

  /** The user is no member any more: what has come is read to its end, then the loop throws. */
  removed(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    const reason = ErrorReason.NOT_A_MEMBER;
    this.#fail(
      room,
      new RealtimeError({ message: "[NOT_A_MEMBER] the user is no member any more", reason, metadata: { roomId } }),
    );
  }

  /** Returns whether the error was about a resume. It names one room, or was said of all of its frame. */
  failed(requestId: string, error: RealtimeError): boolean {
    const { roomId } = error.metadata;
    const about = [...this.#rooms.values()].filter(
      ({ follow }) => follow.awaitedRequest === requestId && (roomId === undefined || roomId === follow.roomId),
    );
    for (const room of about) {
      if (mayPass(error, room.follow.fruitless)) {
        room.follow.refused();
        this.#againLater(room.follow, error.retryAfterMs);
      } else this.#fail(room, error);
    }
    return about.length > 0;
  }

  close(error: RealtimeError | undefined): void {
    for (const { readers } of this.#rooms.values()) for (const reader of readers) reader.end(error);
    this.#rooms.clear();
    this.#wanted.clear();
  }

  #fail(room: Followed, error: RealtimeError): void {
    this.#forget(room);
    for (const reader of room.readers) reader.end(error);
  }

  #forget({ follow }: Followed): void {
    this.#rooms.delete(follow.roomId);
    this.#wanted.delete(follow);
    this.#deps.changed();
  }

  /** At once the first time; when that brings nothing, with growing pauses. */
  #againLater(follow: RoomFollow, retryAfterMs = 0): void {
    const { random, later } = this.#deps;
    const pauseMs = follow.fruitless <= 1 ? 0 : backoffMs(againPolicy, follow.fruitless - 2, random());
    if (retryAfterMs + pauseMs === 0) this.#want(follow);
    else later(retryAfterMs + pauseMs, () => this.#want(follow));
  }

  #want(follow: RoomFollow): void {
    if (this.#rooms.get(follow.roomId)?.follow !== follow) return;
    this.#wanted.add(follow);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#deps.isOpen()) return;
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (const part of toParts(wanted)) this.#resume(part);
  }

  #resume(part: readonly RoomFollow[]): void {
    const requestId = this.#deps.nextRequestId();
    const asked = part.map((follow) => ({ roomId: follow.roomId, ...follow.resuming(requestId) }));
    const roomIds = asked.filter(({ unfollowFirst }) => unfollowFirst).map(({ roomId }) => roomId);
    if (roomIds.length > 0) {
      this.#deps.send({ case: "unfollow", value: { roomIds } }, "");
      this.#deps.changed();
    }
    const rooms = asked.map(({ roomId, after }) => ({ roomId, seq: after }));
    this.#deps.send({ case: "resume", value: { rooms } }, requestId);
  }
}

function wake({ readers }: Followed): void {
  for (const reader of readers) reader.wake();
}

function toParts(follows: readonly RoomFollow[]): RoomFollow[][] {
  const parts: RoomFollow[][] = [];
  let chars = 0;
  for (const follow of follows) {
    const part = parts.at(-1);
    const more = follow.roomId.length + 40;
    if (part === undefined || part.length >= MAX_ROOMS_A_FRAME || chars + more > MAX_CHARS_A_FRAME) {
      parts.push([follow]);
      chars = more;
    } else {
      part.push(follow);
      chars += more;
    }
  }
  return parts;
}
