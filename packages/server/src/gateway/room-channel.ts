import { type Entry, ErrorReason } from "@maru/protocol";
import { addedUserIds, goneUserIds } from "../domain/rooms/affected-users.ts";
import { MaruError } from "../errors.ts";
import { type EncodedFrame, encodeFrame } from "./encoded-frame.ts";
import { toErrorFrame } from "./error-frame.ts";
import { RecentFrames } from "./recent-frames.ts";
import { isRoomNotFound, type RoomSource } from "./room-source.ts";
import type { Session } from "./session.ts";

/** What the channels of a gateway have in common. */
export interface RoomChannelHost {
  readonly source: RoomSource;
  readonly maxResumeEntries: number;
  readonly maxResumeBytes: number;
  readonly maxRecentFrames: number;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Makes sure that what is published in the room from now on is pushed to this gateway. Never rejects. */
  register(roomId: string): Promise<void>;
  /** The session follows the room no more: it left, was removed, or may not. */
  detached(session: Session, channel: RoomChannel): void;
  /** Users became members by an entry that was not known when the room was opened. */
  joined(roomId: string, userIds: readonly string[], seq: number): void;
  failed(roomId: string, error: unknown): void;
}

interface ResumeRequest {
  readonly session: Session;
  readonly requestId: string;
  readonly after: number;
  /** The log was read to its end after the request came. */
  isFresh: boolean;
  /** What the last entry says that names the user and was taken since members were asked for; undefined while none does. */
  isMember: boolean | undefined;
}

const pageSize = 200;
const retryMinMs = 100;
const retryMaxMs = 5_000;
const askAgainMs = 1_000;

/**
 * One room as the sessions that follow it here see it. Those who are attached have all entries up to the newest that the
 * channel has, and get each further one as it is taken, so nothing is remembered for each of them. Entries are taken in
 * order alone: what is pushed beyond the next number, and what others say of the room's end, is a reason to read the log.
 */
export class RoomChannel {
  readonly roomId: string;
  readonly #host: RoomChannelHost;
  readonly #followers = new Set<Session>();
  #requests: ResumeRequest[] = [];
  #recent: RecentFrames | undefined;
  #members: Set<string> | undefined;
  /** The room is known to go at least so far. */
  #wantedSeq = 0;
  #openedAtSeq = 0;
  #mustRead = false;
  #isWorking = false;
  #isClosed = false;
  #readRounds: (() => void)[] = [];
  /** When something happened in the room. */
  changedAtMs = 0;
  /** Since when nobody follows; undefined while somebody does. */
  idleSinceMs: number | undefined;

  constructor(host: RoomChannelHost, roomId: string) {
    this.#host = host;
    this.roomId = roomId;
    this.idleSinceMs = host.nowMs();
  }

  get lastSeq(): number {
    return this.#recent?.lastSeq ?? 0;
  }

  /** Undefined while they are not known, and in large rooms. */
  get members(): ReadonlySet<string> | undefined {
    return this.#members;
  }

  get followers(): ReadonlySet<Session> {
    return this.#followers;
  }

  /** Nothing was read of the room: to come back to it costs as much as to open it. */
  get isOpen(): boolean {
    return this.#recent !== undefined;
  }

  follows(session: Session): boolean {
    return this.#followers.has(session);
  }

  /** Answered with resumed and what was missed, or an error; who follows already begins again. */
  resume(session: Session, requestId: string, after: number): void {
    this.leave(session);
    this.idleSinceMs = undefined;
    const request = { session, requestId, after, isFresh: false, isMember: undefined };
    if (this.#requests.length > 0 || !this.#answerAtOnce(request)) this.#requests.push(request);
    this.#work();
  }

  leave(session: Session): void {
    this.#followers.delete(session);
    if (this.#requests.length > 0) this.#requests = this.#requests.filter((request) => request.session !== session);
    this.#noteIdle();
  }

  /** Whether the entry is taken, now or later: what its being taken brings with it is then told. */
  willTake(seq: number): boolean {
    return this.#recent !== undefined && seq > this.#recent.lastSeq;
  }

  pushed(entry: Entry, frame: EncodedFrame): void {
    // What comes before the room is open is read when it is.
    if (this.#recent === undefined) return;
    if (entry.seq === this.#recent.lastSeq + 1) this.#take(entry, frame);
    else this.behind(entry.seq);
  }

  /** Somebody says that the room goes so far. */
  behind(seq: number): void {
    if (seq <= this.lastSeq) return;
    this.#wantedSeq = Math.max(this.#wantedSeq, seq);
    this.#work();
  }

  /** What was pushed may not have come: resolves when the log was read to its end, or could not be. */
  readOn(): Promise<void> {
    if (this.#isClosed || (this.#recent === undefined && this.#requests.length === 0)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#readRounds.push(resolve);
      this.#mustRead = true;
      this.#work();
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const done of this.#readRounds.splice(0)) done();
  }

  #noteIdle(): void {
    const isIdle = this.#followers.size === 0 && this.#requests.length === 0;
    this.idleSinceMs = isIdle ? (this.idleSinceMs ?? this.#host.nowMs()) : undefined;
  }

  /** The next entry of the room. */
  #take(entry: Entry, frame: EncodedFrame): void {
    this.#recent?.add(frame);
    this.changedAtMs = this.#host.nowMs();
    for (const session of this.#followers) session.send(frame);
    const [joined, gone] = [addedUserIds(entry), goneUserIds(entry)];
    if (joined.length + gone.length > 0) this.#membersChanged(entry.seq, joined, gone);
  }

  /** To fold what the members reflect already changes nothing that later entries do not put right. */
  #membersChanged(seq: number, joined: readonly string[], gone: readonly string[]): void {
    for (const userId of joined) this.#members?.add(userId);
    for (const userId of gone) this.#members?.delete(userId);
    for (const request of this.#requests) {
      if (gone.includes(request.session.userId)) request.isMember = false;
      if (joined.includes(request.session.userId)) request.isMember = true;
    }
    if (gone.length > 0) this.#remove(new Set(gone), seq);
    // Not before: who was removed and comes again is to hear of both in their order.
    if (joined.length > 0 && seq > this.#openedAtSeq) this.#host.joined(this.roomId, joined, seq);
  }

  #remove(userIds: ReadonlySet<string>, seq: number): void {
    const frame = encodeFrame({ case: "roomRemoved", value: { roomId: this.roomId, seq } });
    for (const session of [...this.#followers]) {
      if (!userIds.has(session.userId)) continue;
      this.#detach(session);
      session.send(frame);
    }
  }

  #detach(session: Session): void {
    this.#followers.delete(session);
    this.#host.detached(session, this);
    this.#noteIdle();
  }

  /** Whether what the gateway has is enough for an answer. */
  #answerAtOnce(request: ResumeRequest): boolean {
    const recent = this.#recent;
    if (recent === undefined || this.#mustRead || this.#wantedSeq > recent.lastSeq) return false;
    if (this.#members?.has(request.session.userId) !== true) return false;
    const missed = recent.after(request.after);
    if (missed === undefined) return false;
    this.#attach(request, missed);
    return true;
  }

  /** In the tick in which the frames end at the room's newest entry. */
  #attach({ session, requestId, after }: ResumeRequest, missed: readonly EncodedFrame[] | undefined): void {
    const recovered = missed !== undefined && this.#isWithinBounds(missed);
    const value = { requestId, roomId: this.roomId, recovered, afterSeq: after, lastSeq: this.lastSeq };
    session.send(encodeFrame({ case: "resumed", value }));
    if (recovered) for (const frame of missed) session.send(frame);
    this.#followers.add(session);
    this.idleSinceMs = undefined;
  }

  #isWithinBounds(missed: readonly EncodedFrame[]): boolean {
    if (missed.length > this.#host.maxResumeEntries) return false;
    let bytes = 0;
    for (const frame of missed) bytes += frame.protobuf().length;
    return bytes <= this.#host.maxResumeBytes;
  }

  #refuse({ session, requestId }: ResumeRequest, error: unknown): void {
    this.#host.detached(session, this);
    this.#noteIdle();
    session.send(toErrorFrame(requestId, error, { room_id: this.roomId }));
  }

  #work(): void {
    if (this.#isWorking || this.#isClosed) return;
    this.#isWorking = true;
    void this.#run();
  }

  /** Never rejects. That it ends and that nothing is left to do are one: what comes later starts it again. */
  async #run(): Promise<void> {
    for (let failures = 0; !this.#isClosed && this.#hasWork(); ) {
      const requests = this.#requests.length;
      try {
        await this.#step();
        failures = 0;
      } catch (error) {
        failures++;
        this.#fail(error, requests);
        if (this.#hasWork()) await this.#host.sleep(Math.min(retryMaxMs, retryMinMs * 2 ** failures));
      }
    }
    this.#isWorking = false;
  }

  #hasWork(): boolean {
    if (this.#requests.length > 0) return true;
    if (this.#recent === undefined) return false;
    return this.#mustRead || this.#wantedSeq > this.#recent.lastSeq;
  }

  async #step(): Promise<void> {
    if (this.#recent === undefined) return this.#open();
    if (this.#mustRead || this.#wantedSeq > this.#recent.lastSeq) return this.#readToEnd(this.#recent);
    return this.#answer(this.#recent);
  }

  /** Those who wait are told, and come back; those who follow stay behind until it works. */
  #fail(error: unknown, requests: number): void {
    const isGone = isRoomNotFound(error);
    const told = isGone ? notAMember(this.roomId) : notReadable(error);
    for (const request of this.#requests.splice(0, requests)) this.#refuse(request, told);
    for (const done of this.#readRounds.splice(0)) done();
    if (isGone) this.#mustRead = false;
    else this.#host.failed(this.roomId, error);
  }

  /** Members are read after the number that the fold begins at, so that nothing that changes them is passed over. */
  async #open(): Promise<void> {
    const { source, maxRecentFrames } = this.#host;
    await this.#host.register(this.roomId);
    const tailSeq = await source.tailSeq(this.roomId);
    this.#members = await source.memberIds(this.roomId);
    const first = Math.min(...this.#requests.map(({ after }) => after).filter((after) => after > 0));
    // What those who wait have missed comes with what is read anyway.
    const from = first < tailSeq && tailSeq - first <= maxRecentFrames ? first : tailSeq;
    this.#openedAtSeq = tailSeq;
    this.#recent = new RecentFrames(maxRecentFrames, from);
    this.#mustRead = true;
  }

  async #readToEnd(recent: RecentFrames): Promise<void> {
    const requests = [...this.#requests];
    const rounds = this.#readRounds.splice(0);
    this.#mustRead = false;
    try {
      for (let atEnd = false; !atEnd && !this.#isClosed; ) {
        const wantedSeq = this.#wantedSeq;
        const page = await this.#readAfter(recent.lastSeq);
        atEnd = page.atEnd;
        for (const entry of page.entries) this.#takeRead(recent, entry);
        // What was heard of before the read began, and is not there, is gone: there is nothing to wait for.
        const isAll = atEnd && page.entries.length === 0 && this.#wantedSeq === wantedSeq;
        if (isAll) this.#wantedSeq = Math.min(wantedSeq, recent.lastSeq);
      }
    } catch (error) {
      this.#mustRead = true;
      throw error;
    } finally {
      for (const done of rounds) done();
    }
    for (const request of requests) request.isFresh = true;
  }

  /** A read that an append overtakes may have its entry and not the one before: another one then has both. */
  async #readAfter(after: number) {
    const read = () => this.#host.source.entriesAfter(this.roomId, after, pageSize);
    const page = await read();
    return page.entries.every(({ seq }, index) => seq === after + 1 + index) ? page : read();
  }

  #takeRead(recent: RecentFrames, entry: Entry): void {
    if (entry.seq <= recent.lastSeq) return;
    if (entry.seq > recent.lastSeq + 1) this.#passOver(recent, entry.seq - 1);
    this.#take(entry, encodeFrame({ case: "entry", value: { entry } }));
  }

  /** Retention took entries that were not read in time. */
  #passOver(recent: RecentFrames, lastSeq: number): void {
    const value = { roomId: this.roomId, recovered: false, afterSeq: recent.lastSeq, lastSeq };
    const frame = encodeFrame({ case: "resumed", value });
    recent.restart(lastSeq);
    for (const session of this.#followers) session.send(frame);
  }

  /** Those who wait: a refusal needs a fresh look, and so does who claims to have more than there is. */
  async #answer(recent: RecentFrames): Promise<void> {
    const requests = [...this.#requests];
    if (requests.some((request) => !request.isFresh && this.#needsFreshLook(request, recent))) {
      this.#mustRead = true;
      return;
    }
    for (const request of requests) request.isMember = undefined;
    const allowed = await this.#allowed(requests);
    const older = await this.#readOlder(recent, allowed);
    const answered = requests.filter((request) => {
      if (!this.#requests.includes(request)) return true;
      const isAllowed = allowed.includes(request);
      const { session, isMember = isAllowed } = request;
      const isNowMember = this.#members?.has(session.userId) ?? isMember;
      // Whoever has just become a member waits for another turn: what was missed has not been read for them.
      if (isNowMember && !isAllowed) return false;
      if (isNowMember) this.#attach(request, framesAfter(older, recent, request.after));
      else this.#refuse(request, notAMember(this.roomId));
      return true;
    });
    this.#requests = this.#requests.filter((request) => !answered.includes(request));
    this.#noteIdle();
  }

  #needsFreshLook({ session, after }: ResumeRequest, recent: RecentFrames): boolean {
    return after > recent.lastSeq || this.#members?.has(session.userId) === false;
  }

  async #allowed(requests: readonly ResumeRequest[]): Promise<readonly ResumeRequest[]> {
    const members = this.#members;
    if (members !== undefined) return requests.filter(({ session }) => members.has(session.userId));
    const { source } = this.#host;
    const asked = requests.map(({ session }) => source.isMember(this.roomId, session.userId));
    const answers = await Promise.all(asked);
    return requests.filter((_, index) => answers[index]);
  }

  /** Frames up to where those that are kept begin, for all who wait at once. */
  async #readOlder(recent: RecentFrames, requests: readonly ResumeRequest[]): Promise<OlderFrames> {
    const { maxResumeEntries } = this.#host;
    const wanted = requests.map(({ after }) => after).filter((after) => recent.lastSeq - after <= maxResumeEntries);
    const older: OlderFrames = { firstSeq: Math.min(...wanted) + 1, frames: [] };
    while (older.firstSeq + older.frames.length < recent.firstSeq) {
      const next = older.firstSeq + older.frames.length;
      const page = await this.#readAfter(next - 1);
      for (const entry of page.entries) {
        if (entry.seq > recent.lastSeq) this.#takeRead(recent, entry);
        else addOlder(older, entry);
      }
      if (page.entries.length === 0) break;
    }
    return older;
  }
}

/** Consecutive, from the first one on. */
interface OlderFrames {
  firstSeq: number;
  frames: EncodedFrame[];
}

function addOlder(older: OlderFrames, entry: Entry): void {
  const next = older.firstSeq + older.frames.length;
  if (entry.seq < next) return;
  if (entry.seq > next) Object.assign(older, { firstSeq: entry.seq, frames: [] });
  older.frames.push(encodeFrame({ case: "entry", value: { entry } }));
}

/** Undefined when not all of them are there. */
function framesAfter(older: OlderFrames, recent: RecentFrames, after: number): readonly EncodedFrame[] | undefined {
  const kept = recent.after(after);
  if (kept !== undefined) return kept;
  const reachesKept = older.firstSeq + older.frames.length >= recent.firstSeq;
  if (after > recent.lastSeq || after < older.firstSeq - 1 || !reachesKept) return undefined;
  const fromOlder = older.frames.slice(after - older.firstSeq + 1, recent.firstSeq - older.firstSeq);
  return [...fromOlder, ...(recent.after(recent.firstSeq - 1) ?? [])];
}

function notAMember(roomId: string): MaruError {
  return new MaruError(ErrorReason.NOT_A_MEMBER, { metadata: { room_id: roomId } });
}

/** Whatever it was: the log has the room, so that to ask again is never in vain. */
function notReadable(cause: unknown): MaruError {
  const message = "the room cannot be read at present";
  return new MaruError(ErrorReason.STORE_UNAVAILABLE, { message, retryAfterMs: askAgainMs, cause });
}
