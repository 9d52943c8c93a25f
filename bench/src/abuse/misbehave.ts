import { setTimeout as sleep } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema } from "@maru/protocol/realtime";
import type { WebSocket } from "ws";
import { enterRoom } from "../fanout/enter-room.ts";
import type { Abuse, Attack } from "./abuse-orders.ts";

/** What has become of the abusers so far. */
export interface Attacking {
  entered: number;
  failed: number;
  closes: Record<string, number>;
  offeredBytes: number;
}

export interface Course {
  readonly signal: AbortSignal;
  /** Told once it was refused, or does not read. */
  onBegun(): void;
}

/** One abuser: comes, misbehaves, is ended, and comes again, at a bounded pace, until the signal. */
export async function misbehave(
  { abuse, door, againMs }: Attack,
  attacking: Attacking,
  { signal, onBegun }: Course,
): Promise<void> {
  while (!signal.aborted) {
    const cameMs = performance.now();
    const socket = await enterRoom(door).catch(() => undefined);
    if (socket === undefined) {
      attacking.failed++;
    } else {
      attacking.entered++;
      const closed = untilClosed(socket, signal);
      act(socket, abuse, attacking);
      if (abuse === "slow readers") onBegun();
      const code = await closed;
      if (code !== undefined) {
        attacking.closes[code] = (attacking.closes[code] ?? 0) + 1;
        onBegun();
      }
    }
    await sleep(Math.max(0, cameMs + againMs - performance.now()), undefined, { signal }).catch(() => undefined);
  }
}

const looksEveryMs = 5;

/** The code with which the gateway closes it; undefined when the signal comes first. */
async function untilClosed(socket: WebSocket, signal: AbortSignal): Promise<number | undefined> {
  const closed = new Promise<number | undefined>((resolve) => {
    socket.once("close", resolve);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  socket.on("error", () => undefined);
  // Whoever means harm does not wait until what it has still to send is gone.
  const timer = setInterval(() => {
    if (socket.readyState === socket.CLOSING) socket.terminate();
  }, looksEveryMs);
  const code = await closed;
  clearInterval(timer);
  socket.terminate();
  return code;
}

const ping = toBinary(ClientFrameSchema, create(ClientFrameSchema, { kind: { case: "ping", value: {} } }));
const large = Buffer.alloc(4 * 1024 * 1024);

function act(socket: WebSocket, abuse: Abuse, attacking: Attacking): void {
  if (abuse === "slow readers") {
    socket.pause();
  } else if (abuse === "large frames") {
    socket.send(large);
    attacking.offeredBytes += large.length;
  } else {
    flood(socket, attacking);
  }
}

function flood(socket: WebSocket, attacking: Attacking): void {
  const more = () => {
    if (socket.readyState !== socket.OPEN) return;
    for (let n = 0; n < 100; n++) socket.send(ping);
    attacking.offeredBytes += 100 * ping.length;
    setTimeout(more, looksEveryMs);
  };
  more();
}
