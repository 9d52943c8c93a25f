import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { create, fromBinary, fromJsonString, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Entry, EntrySchema, ErrorReason } from "@maru/protocol";
import {
  type ClientFrame,
  ClientFrameSchema,
  type LimitsSchema,
  type ServerFrameSchema,
  ServerFramesSchema,
} from "@maru/protocol/realtime";
import { type WebSocket, WebSocketServer } from "ws";

export type ServerKind = MessageInitShape<typeof ServerFrameSchema>["kind"] & object;

/** One connection of the client, as the gateway sees it. */
export interface Peer {
  readonly socket: WebSocket;
  readonly frames: ClientFrame[];
  readonly follows: Set<string>;
  send(...kinds: ServerKind[]): void;
}

/** A gateway that speaks the real frames, over rooms that lie in memory, and misbehaves when a test says so. */
export class ScriptedGateway implements AsyncDisposable {
  readonly rooms = new Map<string, Entry[]>();
  readonly peers: Peer[] = [];
  readonly limits: MessageInitShape<typeof LimitsSchema> = {
    maxFrameBytes: 65_536,
    framesPerSecond: 500,
    maxFollowedRooms: 500,
    maxResumeEntries: 500,
    pingTimeoutMs: 60_000,
    heartbeatMs: 60_000,
  };
  /** Says true for a frame that it has dealt with. */
  intercept: (peer: Peer, frame: ClientFrame) => boolean = () => false;
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async start(): Promise<ScriptedGateway> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    return new ScriptedGateway(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get peer(): Peer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error("nobody has connected");
    return peer;
  }

  log(roomId: string): Entry[] {
    const log = this.rooms.get(roomId) ?? [];
    this.rooms.set(roomId, log);
    return log;
  }

  /** Appends, and tells those who follow unless the push is lost. */
  append(roomId: string, { idempotencyKey = "", lost = false } = {}): Entry {
    const log = this.log(roomId);
    const entry = create(EntrySchema, { roomId, seq: log.length + 1, type: "message_sent", idempotencyKey });
    log.push(entry);
    if (!lost) {
      for (const peer of this.peers) if (peer.follows.has(roomId)) peer.send({ case: "entry", value: { entry } });
    }
    return entry;
  }

  /** Stores a message once for its key, as servers do. */
  store(roomId: string, idempotencyKey: string): Entry {
    const known = this.log(roomId).find((entry) => entry.idempotencyKey === idempotencyKey);
    return known ?? this.append(roomId, { idempotencyKey });
  }

  cut(): void {
    for (const { socket } of this.peers) socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: WebSocket): void {
    const isJson = socket.protocol === "maru.v1.json";
    const peer: Peer = {
      socket,
      frames: [],
      follows: new Set(),
      send(...kinds) {
        const frames = create(ServerFramesSchema, { frames: kinds.map((kind) => ({ kind })) });
        socket.send(isJson ? toJsonString(ServerFramesSchema, frames) : toBinary(ServerFramesSchema, frames));
      },
    };
    this.peers.push(peer);
    socket.on("error", () => {});
    socket.on("close", () => peer.follows.clear());
    socket.on("message", (data: Buffer) => {
      const frame = isJson
        ? fromJsonString(ClientFrameSchema, data.toString())
        : fromBinary(ClientFrameSchema, new Uint8Array(data));
      peer.frames.push(frame);
      if (!this.intercept(peer, frame)) this.#answer(peer, frame);
    });
  }

  #answer(peer: Peer, { requestId, kind }: ClientFrame): void {
    switch (kind.case) {
      case "hello":
        peer.send({
          case: "welcome",
          value: { userId: "ann", limits: this.limits, serverTime: timestampFromMs(Date.now()) },
        });
        break;
      case "resume":
        for (const { roomId, seq } of kind.value.rooms) this.#resume(peer, requestId, roomId, seq);
        break;
      case "unfollow":
        for (const roomId of kind.value.roomIds) peer.follows.delete(roomId);
        break;
      case "send": {
        const { roomId, idempotencyKey } = kind.value;
        const { seq } = this.store(roomId, idempotencyKey);
        peer.send({ case: "ack", value: { requestId, roomId, seq } });
        break;
      }
      case "markRead":
        peer.send({ case: "ack", value: { requestId, roomId: kind.value.roomId, seq: kind.value.seq } });
        break;
      case "ping":
        peer.send({ case: "pong", value: { requestId } });
        break;
    }
  }

  #resume(peer: Peer, requestId: string, roomId: string, afterSeq: number): void {
    if (roomId.startsWith("foreign")) {
      const value = { requestId, reason: ErrorReason.NOT_A_MEMBER, message: "no", metadata: { room_id: roomId } };
      peer.send({ case: "error", value });
      return;
    }
    const log = this.log(roomId);
    const lastSeq = log.length;
    const recovered = afterSeq <= lastSeq && lastSeq - afterSeq <= (this.limits.maxResumeEntries ?? 0);
    peer.follows.add(roomId);
    peer.send({ case: "resumed", value: { requestId, roomId, afterSeq, lastSeq, recovered } });
    if (recovered) for (const entry of log.slice(afterSeq)) peer.send({ case: "entry", value: { entry } });
  }
}
