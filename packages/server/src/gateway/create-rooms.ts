import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Entry, ErrorReason } from "@maru/protocol";
import { type Push, type RoomPosition, RoomPositionSchema, UserTypingSchema } from "@maru/protocol/realtime";
import { LRUCache } from "lru-cache";
import type { Clock } from "../domain/clock.ts";
import { addedUserIds, goneUserIds } from "../domain/rooms/affected-users.ts";
import { MaruError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { NodeListener, Realtime } from "../realtime/realtime.ts";
import { type EncodedFrame, encodeFrame } from "./encoded-frame.ts";
import { toErrorFrame } from "./error-frame.ts";
import { OpenChannels } from "./open-channels.ts";
import { PresenceWatch } from "./presence-watch.ts";
import type { RoomChannel } from "./room-channel.ts";
import type { RoomSource } from "./room-source.ts";
import type { Rooms } from "./rooms.ts";
import type { Session } from "./session.ts";
import { SessionRooms } from "./session-rooms.ts";

export interface RoomsOptions {
  readonly source: RoomSource;
  readonly realtime: Omit<Realtime, "inboxes">;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxFollowedRooms: number;
  readonly maxResumeEntries: number;
  /** What a resume brings of a room at most, so that it is not too much at once for the socket. */
  readonly maxResumeBytes: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Default: 60 s, 10 s, 3 s. */
  readonly lingerMs?: number;
  readonly checkTailsMs?: number;
  readonly lookAtPresenceMs?: number;
}

/** Rooms that listen to the node that they are told of afterwards: a node wants its listener first. */
export interface ListeningRooms {
  readonly listener: NodeListener;
  open(options: RoomsOptions): Rooms;
}

const maxRecentFrames = 64;
/** Rooms that nobody follows here, but whose members were told of an entry. */
const maxTold = 20_000;
/** Who types says so again and again. */
const typingEveryMs = 1_000;
const typingShownMs = 6_000;
const recentMs = 60_000;
const maxRecentTails = 100;

/** What is pushed before they are open concerns nobody: there are no sessions. */
export function createRooms(): ListeningRooms {
  let rooms: OpenRooms | undefined;
  return {
    listener: {
      pushed: (push) => rooms?.pushed(push),
      interrupted: (sinceMs) => void rooms?.interrupted(sinceMs),
    },
    open(options) {
      rooms = new OpenRooms(options);
      return rooms;
    },
  };
}

class OpenRooms implements Rooms {
  readonly #options: RoomsOptions;
  readonly #channels: OpenChannels;
  readonly #presence: PresenceWatch;
  readonly #sessions = new Map<Session, SessionRooms>();
  readonly #ofUsers = new Map<string, Session[]>();
  readonly #told = new LRUCache<string, number>({ max: maxTold });
  readonly #timers: NodeJS.Timeout[];

  constructor(options: RoomsOptions) {
    const { source, realtime, clock, log, sleep, lingerMs = 60_000 } = options;
    const { maxResumeEntries, maxResumeBytes } = options;
    this.#options = options;
    this.#presence = new PresenceWatch(realtime.sessions);
    const host = {
      ...{ source, sleep, maxResumeEntries, maxResumeBytes, maxRecentFrames, nowMs: clock.nowMs },
      // Redis is away: when it is back the node registers, and says that it was interrupted.
      register: (roomId: string) => realtime.followedRooms.add(roomId).catch(() => undefined),
      detached: (session: Session, channel: RoomChannel) => this.#detached(session, channel),
      joined: (roomId: string, userIds: readonly string[], seq: number) => this.#tellAdded(roomId, userIds, seq),
      failed: (roomId: string, error: unknown) => log.warn({ error, roomId }, "a room cannot be read, and is late"),
    };
    this.#channels = new OpenChannels({ host, realtime, lingerMs });
    this.#timers = [
      setInterval(() => this.#check(), options.checkTailsMs ?? 10_000),
      setInterval(() => this.#look(), options.lookAtPresenceMs ?? 3_000),
    ];
  }

  connected(session: Session): void {
    const { userId } = session;
    this.#sessions.set(session, new SessionRooms());
    const others = this.#ofUsers.get(userId);
    if (others !== undefined) return void others.push(session);
    this.#ofUsers.set(userId, [session]);
    const { realtime, clock } = this.#options;
    realtime.sessions.add(userId, clock.nowMs()).then(
      () => this.#lookFor(userId),
      () => undefined, // Redis is away, and then hears of it when it is back
    );
  }

  disconnected(session: Session): void {
    const { userId } = session;
    const own = this.#sessions.get(session);
    if (own === undefined) return;
    this.#sessions.delete(session);
    this.#presence.forget(session);
    for (const channel of own.channels) channel.leave(session);
    const others = (this.#ofUsers.get(userId) ?? []).filter((other) => other !== session);
    if (others.length > 0) return void this.#ofUsers.set(userId, others);
    this.#ofUsers.delete(userId);
    this.#options.realtime.sessions.remove(userId).then(
      () => this.#lookFor(userId),
      () => undefined, // it expires
    );
  }

  resume(session: Session, requestId: string, rooms: readonly RoomPosition[]): void {
    const own = this.#sessions.get(session);
    if (own === undefined) return;
    const { maxFollowedRooms } = this.#options;
    for (const { roomId, seq } of rooms) {
      const known = this.#channels.get(roomId);
      const isNew = known === undefined || !own.channels.has(known);
      if (isNew && own.channels.size >= maxFollowedRooms) {
        session.send(toErrorFrame(requestId, tooManyRooms(maxFollowedRooms), { room_id: roomId }));
        continue;
      }
      const channel = this.#channels.open(roomId);
      own.channels.add(channel);
      channel.resume(session, requestId, seq);
    }
  }

  unfollow(session: Session, roomIds: readonly string[]): void {
    const own = this.#sessions.get(session);
    for (const roomId of roomIds) {
      const channel = this.#channels.get(roomId);
      if (channel === undefined || !own?.channels.delete(channel)) continue;
      channel.leave(session);
    }
  }

  typing(session: Session, roomId: string, stopped: boolean): void {
    const own = this.#sessions.get(session);
    const { members } = this.#followed(session, roomId);
    if (own === undefined || members === undefined) return;
    const nowMs = this.#options.clock.nowMs();
    own.typedAtMs ??= new Map();
    const isEarly = nowMs - (own.typedAtMs.get(roomId) ?? 0) < typingEveryMs;
    if (isEarly && !stopped) return;
    own.typedAtMs.set(roomId, stopped ? 0 : nowMs);
    const { userId } = session;
    const others = [...members].filter((member) => member !== userId);
    const typing = create(UserTypingSchema, { roomId, userId, stopped, shownMs: stopped ? 0 : typingShownMs });
    this.#options.realtime.publisher.publishTyping(typing, others);
  }

  watchPresence(session: Session, roomIds: readonly string[]): void {
    const channels = roomIds.map((roomId) => this.#followed(session, roomId));
    this.#presence.watch(session, channels);
    this.#look();
  }

  recentTails(session: Session): readonly RoomPosition[] {
    const nowMs = this.#options.clock.nowMs();
    const tails: RoomPosition[] = [];
    for (const channel of this.#sessions.get(session)?.channels ?? []) {
      if (nowMs - channel.changedAtMs > recentMs || !channel.follows(session)) continue;
      tails.push(create(RoomPositionSchema, { roomId: channel.roomId, seq: channel.lastSeq }));
      if (tails.length >= maxRecentTails) break;
    }
    return tails;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#channels.closeAll();
  }

  pushed({ kind, userIds }: Push): void {
    if (kind.case === "entries") {
      for (const entry of kind.value.entries) this.#pushedEntry(entry, userIds);
    } else if (kind.case === "readMarker") {
      const frame = encodeFrame({ case: "readMarker", value: kind.value });
      this.#tellRoom(kind.value.roomId, frame, () => true);
      this.#tellOthers(userIds, this.#channels.get(kind.value.roomId), frame);
    } else if (kind.case === "typing") {
      const frame = encodeFrame({ case: "typing", value: kind.value });
      this.#tellRoom(kind.value.roomId, frame, ({ userId }) => userId !== kind.value.userId);
    }
  }

  /** The rooms that are followed are brought up to date, then everybody is told that others may have more. */
  async interrupted(sinceMs: number): Promise<void> {
    const { log } = this.#options;
    log.warn(
      { since: new Date(sinceMs).toISOString(), rooms: this.#channels.size },
      "pushes may be missing: reading on",
    );
    const present = [...this.#sessions.keys()];
    await this.#channels.readOn();
    const frame = encodeFrame({ case: "missed", value: { since: timestampFromMs(sinceMs) } });
    for (const session of present) if (this.#sessions.has(session)) session.send(frame);
  }

  #pushedEntry(entry: Entry, userIds: readonly string[]): void {
    const { roomId, seq } = entry;
    const frame = encodeFrame({ case: "entry", value: { entry } });
    const channel = this.#channels.get(roomId);
    const others = this.#othersOf(userIds, channel);
    const isTaken = channel?.willTake(seq) === true;
    channel?.pushed(entry, frame);
    if (userIds.length === 0 || seq <= (this.#told.get(roomId) ?? 0)) return;
    this.#told.set(roomId, seq);
    const [joined, gone] = [addedUserIds(entry), goneUserIds(entry)];
    for (const session of others) {
      session.send(frame);
      if (gone.includes(session.userId)) session.send(encodeFrame({ case: "roomRemoved", value: { roomId, seq } }));
    }
    if (!isTaken) this.#tellAdded(roomId, joined, seq);
  }

  #tellAdded(roomId: string, userIds: readonly string[], seq: number): void {
    const frame = encodeFrame({ case: "roomAdded", value: { roomId, seq } });
    for (const userId of userIds) for (const session of this.#ofUsers.get(userId) ?? []) session.send(frame);
  }

  /** Sessions of users that do not follow the room, and have not asked to. */
  #othersOf(userIds: readonly string[], channel: RoomChannel | undefined): Session[] {
    const sessions = userIds.flatMap((userId) => this.#ofUsers.get(userId) ?? []);
    if (channel === undefined) return sessions;
    return sessions.filter((session) => !this.#sessions.get(session)?.channels.has(channel));
  }

  #tellOthers(userIds: readonly string[], channel: RoomChannel | undefined, frame: EncodedFrame): void {
    for (const session of this.#othersOf(userIds, channel)) session.send(frame);
  }

  #tellRoom(roomId: string, frame: EncodedFrame, isFor: (session: Session) => boolean): void {
    for (const session of this.#channels.get(roomId)?.followers ?? []) if (isFor(session)) session.send(frame);
  }

  #followed(session: Session, roomId: string): RoomChannel {
    const channel = this.#channels.get(roomId);
    if (channel?.follows(session)) return channel;
    throw new MaruError(ErrorReason.ROOM_NOT_FOLLOWED, { metadata: { room_id: roomId } });
  }

  #detached(session: Session, channel: RoomChannel): void {
    this.#sessions.get(session)?.channels.delete(channel);
  }

  #check(): void {
    this.#channels.closeIdle(this.#options.clock.nowMs());
    void this.#channels.findBehind();
  }

  #look(): void {
    this.#presence.look().catch((error: unknown) => this.#options.log.debug({ error }, "presence is not known"));
  }

  #lookFor(userId: string): void {
    if (this.#presence.isWatched(userId)) this.#look();
  }
}

function tooManyRooms(max: number): MaruError {
  return new MaruError(ErrorReason.TOO_MANY_ROOMS_FOLLOWED, { metadata: { max_followed_rooms: String(max) } });
}
