import { ErrorReason } from "@maru/protocol";
import type { Ack } from "@maru/protocol/realtime";
import { type ClientFrameKind, type Encoding, encodeClientFrame, sizeBytes } from "./frame-codec.ts";
import { mayPass, RealtimeError } from "./realtime-error.ts";
import { backoffMs } from "./reconnect.ts";

/** Something that a gateway must store: it goes out again, the same, until there is an answer that is final. */
export interface StoredRequest {
  /** Requests of one lane go one after the other, in order. */
  readonly lane: string;
  readonly kind: ClientFrameKind;
  /** Stands in the place of what still waits in its lane. */
  readonly replaces: boolean;
  readonly done: (ack: Ack) => void;
  readonly refused: (error: RealtimeError) => void;
}

/** What {@link Requests} uses. */
export interface RequestsDeps {
  readonly encoding: Encoding;
  /** What the gateway of the moment reads at most; undefined while there is none: nothing is sent then. */
  readonly maxFrameBytes: () => number | undefined;
  readonly send: (kind: ClientFrameKind, requestId: string) => void;
  readonly nextRequestId: () => string;
  readonly later: (waitMs: number, act: () => void) => void;
  readonly random: () => number;
}

interface Lane {
  readonly waiting: StoredRequest[];
  /** The first one that waits is on its way, under this id. */
  requestId: string | undefined;
  attempts: number;
  paused: boolean;
}

const retryPolicy = { firstBackoffMs: 250, maxBackoffMs: 15_000 };

/** What was asked for and is not answered. Connections come and go, requests stay. */
export class Requests {
  readonly #deps: RequestsDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #byRequestId = new Map<string, Lane>();

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  add(request: StoredRequest): void {
    const lane = this.#lanes.get(request.lane) ?? { waiting: [], requestId: undefined, attempts: 0, paused: false };
    this.#lanes.set(request.lane, lane);
    const onTheWay = lane.requestId === undefined ? 0 : 1;
    if (request.replaces) lane.waiting.splice(onTheWay);
    lane.waiting.push(request);
    this.#run(lane);
  }

  /** There is a gateway: what waits goes out. */
  connected(): void {
    for (const lane of this.#lanes.values()) this.#run(lane);
  }

  /** Nobody knows whether what was on its way arrived: it goes out again. */
  disconnected(): void {
    this.#byRequestId.clear();
    for (const lane of this.#lanes.values()) lane.requestId = undefined;
  }

  acknowledged(ack: Ack): void {
    this.#finish(ack.requestId, (request) => request.done(ack));
  }

  /** Returns whether the error was about one of these. */
  failed(requestId: string, error: RealtimeError): boolean {
    const lane = this.#byRequestId.get(requestId);
    if (lane === undefined) return false;
    lane.attempts++;
    if (!mayPass(error, lane.attempts)) return this.#finish(requestId, (request) => request.refused(error));
    this.#byRequestId.delete(requestId);
    lane.requestId = undefined;
    lane.paused = true;
    const { random, later } = this.#deps;
    const waitMs = error.retryAfterMs ?? 0;
    later(waitMs + backoffMs(retryPolicy, lane.attempts, random()), () => {
      lane.paused = false;
      this.#run(lane);
    });
    return true;
  }

  /** Nothing is sent any more. */
  close(error: RealtimeError): void {
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    this.#byRequestId.clear();
    for (const { waiting } of lanes) for (const request of waiting) request.refused(error);
  }

  #finish(requestId: string, tell: (request: StoredRequest) => void): boolean {
    const lane = this.#byRequestId.get(requestId);
    const request = lane?.waiting.shift();
    if (lane === undefined || request === undefined) return false;
    this.#byRequestId.delete(requestId);
    lane.requestId = undefined;
    lane.attempts = 0;
    if (lane.waiting.length === 0) this.#lanes.delete(request.lane);
    tell(request);
    this.#run(lane);
    return true;
  }

  #run(lane: Lane): void {
    const maxBytes = this.#deps.maxFrameBytes();
    const request = lane.waiting[0];
    if (maxBytes === undefined || request === undefined || lane.paused || lane.requestId !== undefined) return;
    const requestId = this.#deps.nextRequestId();
    lane.requestId = requestId;
    this.#byRequestId.set(requestId, lane);
    const bytes = maxBytes === 0 ? 0 : sizeBytes(encodeClientFrame(this.#deps.encoding, request.kind, requestId));
    if (bytes > maxBytes) this.#finish(requestId, ({ refused }) => refused(tooLarge(bytes, maxBytes)));
    else this.#deps.send(request.kind, requestId);
  }
}

/** Refused here, since a gateway closes the connection for it. */
function tooLarge(bytes: number, maxBytes: number): RealtimeError {
  return new RealtimeError({
    message: `[REQUEST_TOO_LARGE] the frame takes ${bytes} bytes, and the gateway reads ${maxBytes} at most`,
    reason: ErrorReason.REQUEST_TOO_LARGE,
    metadata: { sizeBytes: String(bytes), maxBytes: String(maxBytes) },
  });
}
