import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { ClientFrame } from "@maru/protocol/realtime";
import type { WebSocket } from "ws";
import { type CloseCode, closeCodes, closeReasons } from "./close-codes.ts";
import type { EncodedFrame } from "./encoded-frame.ts";
import type { FrameBudget } from "./frame-budget.ts";
import type { FrameChain } from "./frame-chain.ts";
import type { GatewayCounts } from "./gateway-metrics.ts";
import type { Outbox, Waiting } from "./outbox.ts";
import { Sends } from "./sends.ts";
import type { Session } from "./session.ts";
import type { WireEncoding } from "./wire-encoding.ts";

/** What the connections of a gateway have in common. */
export interface ConnectionHost {
  readonly outbox: Outbox;
  readonly counts: GatewayCounts;
  readonly maxBufferedBytes: number;
  /** Told once, when the connection takes and sends no more. */
  ended(connection: Connection, why: CloseCode | string): void;
  failed(connection: Connection, error: unknown): void;
}

export interface ConnectionParts {
  readonly host: ConnectionHost;
  readonly socket: WebSocket;
  /** What lies under the WebSocket, where nothing is compressed: frames that are made once for many are written to it. */
  readonly stream: Duplex | undefined;
  readonly encoding: WireEncoding;
  readonly budget: FrameBudget;
  readonly nowMs: number;
  /** After so long without anything else sent it gets a sign of life. */
  readonly beatMs: number;
}

/** A WebSocket: a session once its user is known. There are many: it holds no timers and no functions of its own. */
export class Connection implements Session, Waiting {
  readonly sessionId = randomUUID();
  readonly socket: WebSocket;
  readonly budget: FrameBudget;
  readonly beatMs: number;
  readonly openedAtMs: number;
  heardAtMs: number;
  sentAtMs: number;
  state: "new" | "checking" | "open" | "closed" = "new";
  userId = "";
  tokenGoodUntilMs = Number.POSITIVE_INFINITY;
  /** What came while the token was checked. */
  early: ClientFrame[] | undefined = undefined;
  readonly #host: ConnectionHost;
  readonly #encoding: WireEncoding;
  readonly #stream: Duplex | undefined;
  #pending: FrameChain | undefined = undefined;
  #sends: Sends | undefined = undefined;

  constructor({ host, socket, stream, encoding, budget, nowMs, beatMs }: ConnectionParts) {
    this.#host = host;
    this.socket = socket;
    this.#encoding = encoding;
    this.#stream = stream;
    this.budget = budget;
    this.beatMs = beatMs;
    this.openedAtMs = nowMs;
    this.heardAtMs = nowMs;
    this.sentAtMs = nowMs;
  }

  get encoding(): WireEncoding {
    return this.#encoding;
  }

  /** What the client has not read yet. */
  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  get sends(): Sends {
    this.#sends ??= new Sends();
    return this.#sends;
  }

  send(frame: EncodedFrame): void {
    if (this.state === "closed") return;
    this.#pending = (this.#pending ?? this.#host.outbox.begin(this)).with(frame);
  }

  flush(nowMs: number): void {
    const pending = this.#pending;
    if (pending === undefined || this.state === "closed") return;
    this.#pending = undefined;
    if (this.socket.bufferedAmount > this.#host.maxBufferedBytes) {
      this.#end(closeCodes.slowConsumer);
      return;
    }
    try {
      this.#host.counts.messagesSent += this.#write(pending);
      this.#host.counts.framesSent += pending.length;
      this.sentAtMs = nowMs;
    } catch (error) {
      this.#host.failed(this, error);
      this.#end(closeCodes.fault);
    }
  }

  #write(pending: FrameChain): number {
    if (this.#stream === undefined) {
      const messages = pending.messages(this.#encoding);
      for (const message of messages) this.socket.send(message, this.#encoding.sendOptions);
      return messages.length;
    }
    if (this.socket.readyState !== this.socket.OPEN) return 0;
    const frames = pending.webSocketFrames(this.#encoding);
    for (const frame of frames) this.#stream.write(frame);
    return frames.length;
  }

  /** What was sent before goes out before. */
  close(code: CloseCode): void {
    this.flush(this.sentAtMs);
    this.#end(code);
  }

  /** The other side ended it, or broke the protocol beneath ours. */
  over(why: string): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.#pending = undefined;
    this.#host.ended(this, why);
  }

  #end(code: CloseCode): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.#pending = undefined;
    this.socket.close(code, closeReasons[code]);
    this.#host.ended(this, code);
  }
}
