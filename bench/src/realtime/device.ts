import { createHash, randomUUID } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { text } from "@maru/client";
import type { Entry } from "@maru/protocol";
import { ClientFrameSchema, type ServerFrame, ServerFramesSchema } from "@maru/protocol/realtime";
import { WebSocket } from "ws";

/** What all devices have in common. */
export interface DeviceHost {
  /** Where to connect now: another gateway for each try. */
  address(): string;
  token(userId: string): Promise<string>;
  random(): number;
  arrived(entry: Entry, atMs: number): void;
}

export interface DeviceCounts {
  connections: number;
  recovered: number;
  notRecovered: number;
  missedTold: number;
  repeats: number;
  holes: number;
  closes: Record<string, number>;
}

const pingEveryMs = 10_000;
const silentAfterMs = 60_000;

/** An app with one room: connects again whatever happens, and resumes from what it has. */
export class Device {
  readonly userId: string;
  readonly roomId: string;
  /** The last entry that it has. */
  seq = 0;
  /** Of all entries that it got, in the order in which it got them. */
  fingerprint = "";
  isFollowing = false;
  /** How often it was told that it follows its room. */
  resumes = 0;
  readonly #host: DeviceHost;
  readonly #counts: DeviceCounts;
  readonly #unacknowledged = new Map<string, string>();
  #socket: WebSocket | undefined;
  #isEnded = false;
  #failures = 0;
  #heardAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: DeviceHost, counts: DeviceCounts, userId: string, roomId: string) {
    this.#host = host;
    this.#counts = counts;
    this.userId = userId;
    this.roomId = roomId;
  }

  /** Messages without an ack yet: they are sent again after each connection, with the same keys. */
  get waitingSends(): number {
    return this.#unacknowledged.size;
  }

  async connect(): Promise<void> {
    if (this.#isEnded) return;
    const token = await this.#host.token(this.userId);
    const socket = new WebSocket(`ws://${this.#host.address()}`, ["maru.v1.protobuf"], { perMessageDeflate: false });
    this.#socket = socket;
    socket.on("open", () => {
      this.#counts.connections++;
      this.#heardAtMs = performance.now();
      this.#send({ case: "hello", value: { token, client: "chaos" } });
      this.#resume();
      for (const [key, content] of this.#unacknowledged) this.#sendMessage(key, content);
    });
    socket.on("message", (data: Buffer) => {
      if (this.#socket !== socket) return;
      this.#heardAtMs = performance.now();
      for (const frame of fromBinary(ServerFramesSchema, data).frames) this.#take(frame);
    });
    socket.on("error", () => undefined);
    socket.on("close", (code) => {
      this.#counts.closes[code] = (this.#counts.closes[code] ?? 0) + 1;
      if (this.#socket === socket) this.#connectAgain();
    });
    this.#timer ??= setInterval(() => this.#beat(), pingEveryMs);
  }

  cut(): void {
    this.#socket?.terminate();
  }

  send(content: string): void {
    const key = randomUUID();
    this.#unacknowledged.set(key, content);
    this.#sendMessage(key, content);
  }

  end(): void {
    this.#isEnded = true;
    clearInterval(this.#timer);
    this.#socket?.terminate();
  }

  #beat(): void {
    if (performance.now() - this.#heardAtMs > silentAfterMs) this.cut();
    else this.#send({ case: "ping", value: {} });
  }

  #connectAgain(): void {
    this.isFollowing = false;
    if (this.#isEnded) return;
    const waitMs = this.#host.random() * Math.min(5_000, 200 * 2 ** this.#failures++);
    setTimeout(() => void this.connect(), waitMs);
  }

  #resume(): void {
    this.#send({ case: "resume", value: { rooms: [{ roomId: this.roomId, seq: this.seq }] } });
  }

  #sendMessage(idempotencyKey: string, content: string): void {
    const value = { roomId: this.roomId, content: text(content), idempotencyKey };
    this.#send({ case: "send", value }, idempotencyKey);
  }

  #send(kind: NonNullable<Parameters<typeof create<typeof ClientFrameSchema>>[1]>["kind"] & object, requestId = "") {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(toBinary(ClientFrameSchema, create(ClientFrameSchema, { requestId, kind })));
  }

  #take({ kind }: ServerFrame): void {
    if (kind.case === "resumed") this.#resumed(kind.value.recovered, kind.value.lastSeq);
    else if (kind.case === "entry" && kind.value.entry?.roomId === this.roomId) this.#entry(kind.value.entry);
    else if (kind.case === "ack") this.#unacknowledged.delete(kind.value.requestId);
    else if (kind.case === "missed") this.#counts.missedTold++;
    else if (kind.case === "error") this.#refused(kind.value.requestId, kind.value.retryAfterMs);
  }

  #resumed(recovered: boolean, lastSeq: number): void {
    this.isFollowing = true;
    this.resumes++;
    this.#failures = 0;
    if (recovered) this.#counts.recovered++;
    else {
      this.#counts.notRecovered++;
      this.seq = lastSeq;
    }
  }

  #entry(entry: Entry): void {
    // What comes before the answer to the resume is a hint for a badge.
    if (!this.isFollowing) return;
    if (entry.seq <= this.seq) return void this.#counts.repeats++;
    if (entry.seq > this.seq + 1) this.#counts.holes++;
    this.seq = entry.seq;
    this.fingerprint = addToFingerprint(this.fingerprint, entry);
    this.#host.arrived(entry, performance.now());
  }

  #refused(requestId: string, retryAfterMs: number): void {
    const content = this.#unacknowledged.get(requestId);
    setTimeout(
      () => {
        if (content !== undefined) this.#sendMessage(requestId, content);
        else if (!this.isFollowing) this.#resume();
      },
      Math.max(100, retryAfterMs) * (0.5 + this.#host.random()),
    );
  }
}

/** The same for the same entries in the same order. */
export function addToFingerprint(before: string, { seq, idempotencyKey }: Entry): string {
  return createHash("sha1").update(`${before} ${seq} ${idempotencyKey}`).digest("base64");
}
