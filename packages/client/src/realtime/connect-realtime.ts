import { timestampDate, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry, ReadMarker } from "@maru/protocol";
import type { RoomAdded, RoomRemoved, ServerFrame, Welcome } from "@maru/protocol/realtime";
import type { ContentInit } from "../contents.ts";
import type { Phase } from "./connection-machine.ts";
import { Follows } from "./follows.ts";
import { GatewayConnection } from "./gateway-connection.ts";
import { createListeners, throwLater, type Unsubscribe } from "./listeners.ts";
import { makeMessageKey } from "./message-key.ts";
import type { StoredPositions } from "./positions.ts";
import { type PresenceSignal, PresenceWatches } from "./presence-watches.ts";
import { closedError, RealtimeError, toRealtimeError } from "./realtime-error.ts";
import type { RealtimeOptions, RealtimeState } from "./realtime-options.ts";
import { toReconnectPolicy } from "./reconnect.ts";
import { Requests } from "./requests.ts";
import { openRoom, type Room } from "./room.ts";
import { RoomBuffer } from "./room-buffer.ts";
import { RoomReader } from "./room-reader.ts";
import { openSending, type Sending, type SendOptions } from "./sending.ts";
import { TypingSignals } from "./typing-signals.ts";
import { globalWebSocket } from "./web-socket.ts";

/** Where {@link Realtime.room} begins. */
export interface RoomStart {
  /** The app has everything up to it: the newest `seq` of the history that it shows. @default the stored position, else 0 */
  readonly after?: number;
}

/** A user's connection to the gateways: one for a page. Made by {@link connectRealtime}. */
export interface Realtime extends AsyncDisposable {
  /** Follows a room. Several calls for one room share what comes, and each has a position and a loop of its own. */
  room(roomId: string, start?: RoomStart): Room;
  /** The user of the token; undefined until the first connection. */
  readonly userId: string | undefined;
  /** Where the connection is. */
  readonly state: RealtimeState;
  /** Told whenever that changes. */
  onState(listener: (state: RealtimeState) => void): Unsubscribe;
  /**
   * Told of entries of rooms that are not followed, for badges. Each may be missing: `onMissed` says when. Not for what has
   * to be complete; follow the room for that.
   */
  onEntry(listener: (entry: Entry) => void): Unsubscribe;
  /** The user is a member of a room now. */
  onRoomAdded(listener: (added: RoomAdded) => void): Unsubscribe;
  /** The user is no member of a room any more. A loop over it throws NOT_A_MEMBER. */
  onRoomRemoved(listener: (removed: RoomRemoved) => void): Unsubscribe;
  /**
   * Something may have happened in rooms that are not followed, and was not told: read your list of rooms again. Told after
   * each reconnect too. Followed rooms miss nothing.
   */
  onMissed(listener: (missed: { readonly since: Date }) => void): Unsubscribe;
  /**
   * Who of the members of rooms is connected: now, and whenever it changes. The rooms must be followed, and at most 50 are
   * watched in all.
   *
   * @example const stop = realtime.watchPresence([roomId], ({ userId, isConnected }) => showDot(userId, isConnected));
   */
  watchPresence(roomIds: readonly string[], listener: (signal: PresenceSignal) => void): Unsubscribe;
  /** Ends loops, refuses what was not sent with CANCELLED, and waits until positions are saved. */
  close(): Promise<void>;
}

/**
 * Connects a user to the gateways, and keeps connected: over lost networks, gateways that shut down, tokens that run out.
 * What is followed goes on where it was, and what was sent is sent again, with the same key.
 *
 * @example
 * const realtime = connectRealtime({ url: "wss://chat.example.com", token: () => fetchToken() });
 * const room = realtime.room(roomId, { after: history.at(-1)?.seq ?? 0 });
 * for await (const item of room) {
 *   if (item.kind === "entry") show(item.entry);
 *   else await showHistory(roomId, item.after, item.lastSeq);
 * }
 */
export function connectRealtime(options: RealtimeOptions): Realtime {
  return new RealtimeClient(options);
}

class RealtimeClient implements Realtime {
  readonly #options: RealtimeOptions;
  readonly #connection: GatewayConnection;
  readonly #follows: Follows;
  readonly #requests: Requests;
  readonly #typing: TypingSignals;
  readonly #presence: PresenceWatches;
  readonly #states = createListeners<RealtimeState>(throwLater);
  readonly #entries = createListeners<Entry>(throwLater);
  readonly #added = createListeners<RoomAdded>(throwLater);
  readonly #removed = createListeners<RoomRemoved>(throwLater);
  readonly #missed = createListeners<{ readonly since: Date }>(throwLater);
  readonly #markers = createListeners<ReadMarker>(throwLater);
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #saving = new Set<Promise<void>>();
  readonly #savedSeqs = new Map<string, number>();
  #positions: StoredPositions | undefined;
  #whenLoaded: (() => void)[] = [];
  #state: RealtimeState = { status: "connecting" };
  #userId: string | undefined;
  #requestCount = 0;
  #clockAheadMs = 0;
  #lostAt: Date | undefined;

  constructor(options: RealtimeOptions) {
    this.#options = options;
    const encoding = options.encoding ?? "protobuf";
    const webSocket = options.webSocket ?? globalWebSocket();
    const { url, token, client = "" } = options;
    this.#connection = new GatewayConnection(
      { url, token, client, encoding, webSocket, policy: toReconnectPolicy(options.reconnect) },
      {
        opened: () => this.#follows.opened(),
        welcomed: (welcome) => this.#welcomed(welcome),
        frame: (frame) => this.#receive(frame),
        lost: () => this.#lost(),
        phase: (phase) => this.#phase(phase),
        warn: (error) => this.#warn(error),
      },
    );
    const send = this.#connection.send.bind(this.#connection);
    const shared = {
      send,
      nextRequestId: () => `${++this.#requestCount}`,
      later: (waitMs: number, act: () => void) => this.#later(waitMs, act),
      random: Math.random,
    };
    this.#follows = new Follows({
      ...shared,
      isOpen: () => this.#connection.isOpen,
      changed: () => this.#presence.check(),
    });
    this.#requests = new Requests({ ...shared, encoding, maxFrameBytes: () => this.#connection.limits?.maxFrameBytes });
    this.#typing = new TypingSignals((roomId, stopped) => {
      if (!this.#follows.isLive(roomId)) return false;
      send({ case: "typing", value: { roomId, stopped } });
      return true;
    });
    this.#presence = new PresenceWatches(
      (roomId) => this.#follows.isLive(roomId),
      (roomIds) => send({ case: "watchPresence", value: { roomIds } }),
    );
    void this.#begin();
  }

  get userId(): string | undefined {
    return this.#userId;
  }

  get state(): RealtimeState {
    return this.#state;
  }

  room(roomId: string, { after }: RoomStart = {}): Room {
    const reader: RoomReader = new RoomReader(
      () => this.#follows.catchUp(roomId, reader),
      () => this.#save(roomId),
    );
    const leave = () => {
      this.#follows.leave(roomId, reader);
      reader.end();
    };
    if (this.#state.status === "closed") reader.end(this.#state.why ?? closedError());
    else this.#onLoaded((positions) => this.#join(roomId, reader, after ?? positions[roomId] ?? 0));
    return openRoom(roomId, {
      reader: { position: () => reader.buffer?.position ?? after ?? 0, next: () => reader.next() },
      send: (content, options) => this.#send(roomId, content, options),
      markRead: (seq) => this.#markRead(roomId, seq),
      typing: (isTyping) => this.#typing.say(roomId, !isTyping),
      onTyping: (listener) => this.#typing.on(roomId, listener),
      onReadMarker: (listener) =>
        this.#markers.add((marker) => {
          if (marker.roomId === roomId) listener(marker);
        }),
      unfollow: leave,
    });
  }

  onState(listener: (state: RealtimeState) => void): Unsubscribe {
    return this.#states.add(listener);
  }

  onEntry(listener: (entry: Entry) => void): Unsubscribe {
    return this.#entries.add(listener);
  }

  onRoomAdded(listener: (added: RoomAdded) => void): Unsubscribe {
    return this.#added.add(listener);
  }

  onRoomRemoved(listener: (removed: RoomRemoved) => void): Unsubscribe {
    return this.#removed.add(listener);
  }

  onMissed(listener: (missed: { readonly since: Date }) => void): Unsubscribe {
    return this.#missed.add(listener);
  }

  watchPresence(roomIds: readonly string[], listener: (signal: PresenceSignal) => void): Unsubscribe {
    return this.#presence.watch(roomIds, listener);
  }

  async close(): Promise<void> {
    this.#connection.close();
    await Promise.all(this.#saving);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #begin(): Promise<void> {
    try {
      const loaded = this.#options.positions?.load() ?? {};
      this.#positions = loaded instanceof Promise ? await loaded : loaded;
    } catch (cause) {
      this.#connection.close(new RealtimeError({ message: "the stored positions could not be loaded", cause }));
      return;
    }
    for (const act of this.#whenLoaded) act();
    this.#whenLoaded = [];
    this.#connection.start();
  }

  #onLoaded(act: (positions: StoredPositions) => void): void {
    if (this.#positions !== undefined) act(this.#positions);
    else this.#whenLoaded.push(() => act(this.#positions ?? {}));
  }

  #join(roomId: string, reader: RoomReader, after: number): void {
    if (reader.hasEnded) return;
    reader.buffer = new RoomBuffer(after, this.#options.maxBufferedEntries ?? 1000);
    this.#follows.join(roomId, reader);
  }

  #send(roomId: string, content: ContentInit, { replyToSeq = 0, mentions = [], key }: SendOptions = {}): Sending {
    const idempotencyKey = key ?? makeMessageKey(Date.now() - this.#clockAheadMs);
    const { sending, resolve, reject } = openSending(roomId, idempotencyKey, content);
    this.#typing.sent(roomId);
    if (this.#state.status === "closed") {
      reject(this.#state.why ?? closedError());
      return sending;
    }
    this.#requests.add({
      lane: `send ${roomId}`,
      kind: { case: "send", value: { roomId, content, idempotencyKey, replyToSeq, mentions: [...mentions] } },
      replaces: false,
      done: ({ seq, createdAt }) =>
        resolve({ seq, createdAt: createdAt === undefined ? undefined : timestampDate(createdAt) }),
      refused: reject,
    });
    return sending;
  }

  #markRead(roomId: string, seq: number): void {
    if (this.#state.status === "closed") return;
    this.#requests.add({
      lane: `read ${roomId}`,
      kind: { case: "markRead", value: { roomId, seq } },
      replaces: true,
      done: () => {},
      refused: (error) => this.#warn(error),
    });
  }

  #welcomed({ userId, serverTime }: Welcome): void {
    this.#userId = userId;
    if (serverTime !== undefined) this.#clockAheadMs = Date.now() - timestampMs(serverTime);
    this.#requests.connected();
    if (this.#lostAt !== undefined) this.#missed.tell({ since: this.#lostAt });
    this.#lostAt = undefined;
  }

  #receive({ kind }: ServerFrame): void {
    switch (kind.case) {
      case "entry":
        if (kind.value.entry !== undefined && !this.#follows.entry(kind.value.entry)) {
          this.#entries.tell(kind.value.entry);
        }
        break;
      case "resumed":
        this.#follows.resumed(kind.value);
        break;
      case "pong":
        this.#follows.tails(kind.value.tails);
        break;
      case "ack":
        this.#requests.acknowledged(kind.value);
        break;
      case "error": {
        const error = toRealtimeError(kind.value);
        const { requestId } = kind.value;
        if (!this.#requests.failed(requestId, error) && !this.#follows.failed(requestId, error)) this.#warn(error);
        break;
      }
      case "readMarker":
        this.#markers.tell(kind.value);
        break;
      case "typing":
        this.#typing.heard(kind.value);
        break;
      case "presence":
        this.#presence.heard(kind.value);
        break;
      case "roomAdded":
        this.#added.tell(kind.value);
        break;
      case "roomRemoved":
        this.#follows.removed(kind.value.roomId);
        this.#removed.tell(kind.value);
        break;
      case "missed":
        this.#missed.tell({ since: kind.value.since === undefined ? new Date() : timestampDate(kind.value.since) });
        break;
    }
  }

  #lost(): void {
    if (this.#userId !== undefined) this.#lostAt ??= new Date();
    this.#follows.disconnected();
    this.#requests.disconnected();
    this.#presence.disconnected();
  }

  #phase(phase: Phase): void {
    const next = toState(phase);
    if (next.status === this.#state.status && next.status !== "waiting") return;
    this.#state = next;
    if (next.status === "closed") this.#end(next.why);
    this.#states.tell(next);
  }

  #end(why: RealtimeError | undefined): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#typing.close();
    // A loop ends when the app closes, and throws when the gateway does.
    this.#follows.close(why);
    this.#requests.close(why ?? closedError());
  }

  /** The lowest of those who read the room, so that none misses anything after the next load. */
  #save(roomId: string): void {
    const { positions } = this.#options;
    if (positions === undefined) return;
    const readers = [...this.#follows.readersOf(roomId)].filter(({ hasBegun }) => hasBegun);
    const seqs = readers.flatMap(({ buffer }) => (buffer === undefined ? [] : [buffer.position]));
    if (seqs.length === 0) return;
    const seq = Math.min(...seqs);
    if (this.#savedSeqs.get(roomId) === seq) return;
    this.#savedSeqs.set(roomId, seq);
    const failed = (cause: unknown) =>
      this.#warn(new RealtimeError({ message: `the position of room ${roomId} could not be saved`, cause }));
    try {
      const saving = positions.save(roomId, seq);
      if (!(saving instanceof Promise)) return;
      const tracked = saving.catch(failed).finally(() => this.#saving.delete(tracked));
      this.#saving.add(tracked);
    } catch (cause) {
      failed(cause);
    }
  }

  #later(waitMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, waitMs);
    this.#timers.add(timer);
  }

  #warn(error: RealtimeError): void {
    if (this.#options.onWarning === undefined) console.warn(error);
    else this.#options.onWarning(error);
  }
}

function toState(phase: Phase): RealtimeState {
  if (phase.at === "connected") return { status: "connected" };
  if (phase.at === "waiting") return { status: "waiting", until: new Date(phase.untilMs), why: phase.why };
  if (phase.at === "closed") return { status: "closed", why: phase.error };
  return { status: "connecting" };
}
