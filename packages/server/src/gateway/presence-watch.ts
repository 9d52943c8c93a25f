import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { UserConnection } from "../domain/presence/presences.ts";
import type { Sessions } from "../realtime/realtime.ts";
import { type EncodedFrame, encodeFrame } from "./encoded-frame.ts";
import type { RoomChannel } from "./room-channel.ts";
import type { Session } from "./session.ts";

/** Users that are asked for at once. */
const chunkSize = 200;
/** In larger rooms nobody is told who comes and goes. */
const maxWatchedMembers = 100;
const maxWatchedUsers = 500;

/** Who is watched by whom, and what was told of them last. Presence is looked up, for all who watch at once. */
export class PresenceWatch {
  readonly #presences: Pick<Sessions, "read">;
  readonly #watching = new Map<Session, readonly RoomChannel[]>();
  readonly #told = new Map<Session, Map<string, number | undefined>>();
  #watched: ReadonlySet<string> = new Set();
  #looking: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(presences: Pick<Sessions, "read">) {
    this.#presences = presences;
  }

  /** None: no more. Each user's presence is told at the next look, and then whenever it changes. */
  watch(session: Session, channels: readonly RoomChannel[]): void {
    this.#told.delete(session);
    if (channels.length === 0) this.#watching.delete(session);
    else this.#watching.set(session, channels);
  }

  forget(session: Session): void {
    this.watch(session, []);
  }

  /** As of the last look. */
  isWatched(userId: string): boolean {
    return this.#watched.has(userId);
  }

  /** Looks at everybody who is watched, and tells what has changed. Rejects when Redis is away: nothing is told then. */
  look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#isAskedAgain = true;
      return this.#looking;
    }
    this.#looking = this.#lookOn().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** What was asked for while a look was under way may not be in it. */
  async #lookOn(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      await this.#lookOnce();
    } while (this.#isAskedAgain);
  }

  async #lookOnce(): Promise<void> {
    const usersOf = new Map<Session, readonly string[]>();
    for (const [session, channels] of this.#watching) usersOf.set(session, watchedUsers(session, channels));
    this.#watched = new Set([...usersOf.values()].flat());
    const userIds = [...this.#watched];
    const found = new Map<string, UserConnection>();
    for (let from = 0; from < userIds.length; from += chunkSize) {
      for (const one of await this.#presences.read(userIds.slice(from, from + chunkSize))) found.set(one.userId, one);
    }
    const frames = new Map<string, EncodedFrame>();
    for (const [session, users] of usersOf) {
      if (this.#watching.has(session)) this.#tell(session, users, found, frames);
    }
  }

  #tell(
    session: Session,
    userIds: readonly string[],
    found: ReadonlyMap<string, UserConnection>,
    frames: Map<string, EncodedFrame>,
  ): void {
    const before = this.#told.get(session);
    const told = new Map<string, number | undefined>();
    for (const userId of userIds) {
      const sinceMs = found.get(userId)?.sinceMs;
      told.set(userId, sinceMs);
      if (before?.has(userId) && (before.get(userId) === undefined) === (sinceMs === undefined)) continue;
      const frame = frames.get(userId) ?? toPresenceFrame(userId, sinceMs);
      frames.set(userId, frame);
      session.send(frame);
    }
    this.#told.set(session, told);
  }
}

function watchedUsers({ userId }: Session, channels: readonly RoomChannel[]): readonly string[] {
  const users = new Set<string>();
  for (const { members } of channels) {
    if (members === undefined || members.size > maxWatchedMembers) continue;
    for (const member of members) users.add(member);
  }
  users.delete(userId);
  return [...users].slice(0, maxWatchedUsers);
}

function toPresenceFrame(userId: string, sinceMs: number | undefined): EncodedFrame {
  const connected = sinceMs !== undefined;
  return encodeFrame({
    case: "presence",
    value: { userId, connected, ...(connected && { since: timestampFromMs(sinceMs) }) },
  });
}
