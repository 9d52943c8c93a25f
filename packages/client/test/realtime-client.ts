import type { ClientFrame } from "@maru/protocol/realtime";
import { waitUntil } from "../../devstack/src/wait-until.ts";
import {
  connectRealtime,
  type Realtime,
  type RealtimeError,
  type RealtimeOptions,
  type Room,
} from "../src/realtime/index.ts";
import { ScriptedGateway } from "./scripted-gateway.ts";

/** What a test has opened beside, to be closed after it. */
export const opened: AsyncDisposable[] = [];

/** After each test. */
export async function closeAll(): Promise<void> {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
}

/** A client before a gateway that does as the test says. */
export async function start(more: Partial<RealtimeOptions> = {}) {
  const gateway = await ScriptedGateway.start();
  const warnings: RealtimeError[] = [];
  const realtime = connectRealtime({
    url: gateway.url,
    token: () => "token",
    reconnect: { firstBackoffMs: 5, maxBackoffMs: 20 },
    onWarning: (warning) => warnings.push(warning),
    ...more,
  });
  opened.push(gateway, realtime);
  return { gateway, realtime, warnings };
}

export const until = (what: string, check: () => unknown) =>
  waitUntil(check, { timeoutMs: 5_000, everyMs: 2, describe: () => what });

/** Reads so many items: seqs, or gaps as "after-last". */
export async function read(room: Room, count: number): Promise<(number | string)[]> {
  const seen: (number | string)[] = [];
  for await (const item of room) {
    seen.push(item.kind === "entry" ? item.seq : `${item.after}-${item.lastSeq}`);
    if (seen.length === count) break;
  }
  return seen;
}

export const framesOf = (frames: readonly ClientFrame[], kind: string) =>
  frames.filter((frame) => frame.kind.case === kind);
export const isConnected = (realtime: Realtime) => () => realtime.state.status === "connected";
