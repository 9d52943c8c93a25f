import { ErrorReason } from "@maru/protocol";
import type { Error as ErrorFrame, Limits, ServerFrame, Welcome } from "@maru/protocol/realtime";
import {
  type Connection,
  type ConnectionEffect,
  type ConnectionInput,
  idleConnection,
  type Phase,
  stepConnection,
  wakeAtMs,
} from "./connection-machine.ts";
import {
  type ClientFrameKind,
  decodeServerFrames,
  type Encoding,
  encodeClientFrame,
  subprotocols,
} from "./frame-codec.ts";
import { Pacer } from "./pacer.ts";
import { RealtimeError, toRealtimeError } from "./realtime-error.ts";
import type { ReconnectOptions } from "./reconnect.ts";
import type { WebSocketConstructor, WebSocketLike } from "./web-socket.ts";

/** What a connection is made of. */
export interface GatewayConnectionOptions {
  readonly url: string;
  readonly token: string | (() => string | Promise<string>);
  readonly client: string;
  readonly encoding: Encoding;
  readonly webSocket: WebSocketConstructor;
  readonly policy: Required<ReconnectOptions>;
}

/** Who is told what happens on it. */
export interface GatewayConnectionHooks {
  /** The hello went out: what is sent now follows it at once. */
  readonly opened: () => void;
  readonly welcomed: (welcome: Welcome) => void;
  readonly frame: (frame: ServerFrame) => void;
  /** What was sent may not have arrived, and nothing comes any more. */
  readonly lost: () => void;
  readonly phase: (phase: Phase) => void;
  readonly warn: (error: RealtimeError) => void;
}

/** The edge: a machine that decides, and the socket, the token and the timer that it decides about. */
export class GatewayConnection {
  readonly #options: GatewayConnectionOptions;
  readonly #hooks: GatewayConnectionHooks;
  readonly #stopListening: () => void;
  #now: Connection = idleConnection;
  #socket: WebSocketLike | undefined;
  #pacer: Pacer | undefined;
  #lastError: ErrorFrame | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(options: GatewayConnectionOptions, hooks: GatewayConnectionHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#stopListening = onOnline(() => this.#step({ is: "online" }));
  }

  start(): void {
    this.#step({ is: "start" });
  }

  close(error?: RealtimeError): void {
    this.#step({ is: "close", error });
  }

  /** What the gateway of the moment allows; undefined while there is none. */
  get limits(): Limits | undefined {
    return this.#now.phase.at === "connected" ? this.#now.phase.limits : undefined;
  }

  /** Whether frames go out, if only behind the hello. */
  get isOpen(): boolean {
    return this.#pacer !== undefined;
  }

  /** Lost when the connection is: who needs an answer sends again. */
  send(kind: ClientFrameKind, requestId = ""): void {
    this.#pacer?.send(encodeClientFrame(this.#options.encoding, kind, requestId));
  }

  #step(input: ConnectionInput): void {
    const { url, policy, token } = this.#options;
    const before = this.#now.phase;
    const world = { url, policy, fixedToken: typeof token === "string", nowMs: Date.now(), random: Math.random() };
    const { next, effects } = stepConnection(this.#now, input, world);
    this.#now = next;
    const isOver = next.phase.at !== "opening" && next.phase.at !== "connected";
    if (isOver && this.#socket !== undefined) this.#drop();
    for (const effect of effects) this.#do(effect);
    this.#arm();
    if (next.phase.at === "closed") this.#stopListening();
    if (next.phase !== before) this.#hooks.phase(next.phase);
  }

  #do(effect: ConnectionEffect): void {
    if (effect.do === "askToken") void this.#askToken(this.#now.attempt);
    if (effect.do === "open") this.#open(effect.url, effect.token);
    if (effect.do === "ping") this.send({ case: "ping", value: {} });
    if (effect.do === "drop") this.#drop();
  }

  async #askToken(attempt: number): Promise<void> {
    const { token } = this.#options;
    try {
      const given = (typeof token === "string" ? token : await token()).trim();
      if (attempt === this.#now.attempt) this.#step({ is: "token", token: given });
    } catch (cause) {
      if (attempt !== this.#now.attempt) return;
      const error = new RealtimeError({ message: "the token function failed; it is asked again after a pause", cause });
      this.#hooks.warn(error);
      this.#step({ is: "tokenFailed", error });
    }
  }

  #open(url: string, token: string): void {
    const { webSocket, encoding, client } = this.#options;
    this.#lastError = undefined;
    const socket = new webSocket(url, subprotocols[encoding]);
    this.#socket = socket;
    const isCurrent = () => this.#socket === socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (!isCurrent()) return;
      this.#pacer = new Pacer((frame) => {
        socket.send(frame);
        this.#step({ is: "sent" });
      });
      this.send({ case: "hello", value: { token, client } });
      this.#hooks.opened();
    };
    socket.onmessage = (event: { readonly data: unknown }) => {
      if (isCurrent()) this.#receive(event.data);
    };
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      if (isCurrent()) this.#step({ is: "lost", code, why: this.#whyLost(code, reason) });
    };
    // A close follows, and says as much.
    socket.onerror = () => {};
  }

  #receive(data: unknown): void {
    let frames: readonly ServerFrame[];
    try {
      frames = decodeServerFrames(data);
    } catch (cause) {
      this.#hooks.warn(
        new RealtimeError({ message: "the gateway sent what cannot be read; the connection is made anew", cause }),
      );
      const why = new RealtimeError({ message: "the gateway sent what cannot be read", cause });
      this.#step({ is: "lost", code: 1007, why });
      return;
    }
    const socket = this.#socket;
    this.#step({ is: "heard" });
    for (const frame of frames) {
      // A frame may have ended the connection: what comes after it is not of this one any more.
      if (this.#socket !== socket) return;
      this.#take(frame);
    }
  }

  #take(frame: ServerFrame): void {
    const { kind } = frame;
    if (kind.case === "drain") {
      const { reconnectAfterMs, url } = kind.value;
      this.#step({ is: "drain", reconnectAfterMs, url });
      return;
    }
    if (kind.case === "welcome" && kind.value.limits !== undefined) {
      this.#pacer?.limit(kind.value.limits.framesPerSecond);
      this.#step({ is: "welcome", limits: kind.value.limits });
      this.#hooks.welcomed(kind.value);
      return;
    }
    if (kind.case === "error") this.#lastError = kind.value;
    this.#hooks.frame(frame);
  }

  #whyLost(code: number, closeReason: string): RealtimeError {
    const said = this.#lastError === undefined ? undefined : toRealtimeError(this.#lastError);
    const reason = reasonOfClose(code) ?? (code >= 4000 ? said?.reason : undefined);
    const what = closeReason === "" ? `the connection was closed with ${code}` : `closed with ${code}: ${closeReason}`;
    const message = said === undefined || said.reason !== reason ? what : `${said.message} (${what})`;
    return new RealtimeError({ message, closeCode: code, ...(reason !== undefined && { reason }) });
  }

  #drop(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    this.#pacer?.stop();
    this.#pacer = undefined;
    socket.close(1000);
    this.#hooks.lost();
  }

  #arm(): void {
    const wakeAt = wakeAtMs(this.#now) ?? Number.POSITIVE_INFINITY;
    if (wakeAt >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = wakeAt;
    this.#timer = setTimeout(
      () => {
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.#step({ is: "tick" });
      },
      Math.min(2 ** 31 - 1, Math.max(0, wakeAt - Date.now())),
    );
  }
}

function reasonOfClose(code: number): ErrorReason | undefined {
  if (code === 4100) return ErrorReason.TOKEN_EXPIRED;
  return code === 4101 ? ErrorReason.TOKEN_INVALID : undefined;
}

/** Browsers tell when the device has a network again. */
function onOnline(act: () => void): () => void {
  const target: unknown = globalThis;
  const add = Reflect.get(globalThis, "addEventListener");
  const remove = Reflect.get(globalThis, "removeEventListener");
  if (typeof add !== "function" || typeof remove !== "function") return () => {};
  add.call(target, "online", act);
  return () => remove.call(target, "online", act);
}
