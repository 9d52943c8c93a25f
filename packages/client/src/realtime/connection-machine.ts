import type { Limits } from "@maru/protocol/realtime";
import { RealtimeError } from "./realtime-error.ts";
import { backoffMs, judgeClose, type ReconnectOptions } from "./reconnect.ts";

/** How long an attempt may take, from the token to the welcome. */
const ATTEMPT_MS = 20_000;
/** A token that is refused so often in a row, and is the same each time, will not be accepted later. */
const MAX_REFUSALS = 3;

/** Where a connection is. */
export type Phase =
  | { readonly at: "idle" }
  | { readonly at: "token"; readonly untilMs: number }
  | { readonly at: "opening"; readonly untilMs: number; readonly token: string }
  | { readonly at: "connected"; readonly sinceMs: number; readonly limits: Limits; readonly token: string }
  | { readonly at: "waiting"; readonly untilMs: number; readonly canHurry: boolean; readonly why: RealtimeError }
  | { readonly at: "closed"; readonly error: RealtimeError | undefined };

/** All that is known of the connection. Changed by {@link stepConnection} alone. */
export interface Connection {
  readonly phase: Phase;
  /** Counts attempts, so that what belongs to an older one is known. */
  readonly attempt: number;
  /** Attempts in a row that did not live. */
  readonly failures: number;
  readonly sentAtMs: number;
  readonly heardAtMs: number;
  /** The gateway asked to come back then, and where. */
  readonly drain: { readonly atMs: number; readonly url: string } | undefined;
  readonly refused: { readonly token: string; readonly times: number } | undefined;
}

/** What happens to a connection. */
export type ConnectionInput =
  | { readonly is: "start" | "heard" | "sent" | "tick" | "online" }
  | { readonly is: "token"; readonly token: string }
  | { readonly is: "tokenFailed"; readonly error: RealtimeError }
  | { readonly is: "welcome"; readonly limits: Limits }
  | { readonly is: "drain"; readonly reconnectAfterMs: number; readonly url: string }
  | { readonly is: "lost"; readonly code: number; readonly why: RealtimeError }
  | { readonly is: "close"; readonly error: RealtimeError | undefined };

/** What is to be done, in order. `drop`: the socket is given up, whatever it still says. */
export type ConnectionEffect =
  | { readonly do: "drop" | "askToken" | "ping" }
  | { readonly do: "open"; readonly url: string; readonly token: string };

/** What the machine knows of the world. */
export interface ConnectionWorld {
  readonly url: string;
  readonly policy: Required<ReconnectOptions>;
  /** The token is the same for ever, so a refusal is final. */
  readonly fixedToken: boolean;
  readonly nowMs: number;
  /** From 0 up to 1. */
  readonly random: number;
}

export interface ConnectionStep {
  readonly next: Connection;
  readonly effects: readonly ConnectionEffect[];
}

export const idleConnection: Connection = {
  phase: { at: "idle" },
  attempt: 0,
  failures: 0,
  sentAtMs: 0,
  heardAtMs: 0,
  drain: undefined,
  refused: undefined,
};

/** What becomes of a connection, and what is to be done: pure, so that each rule can be tested. */
export function stepConnection(now: Connection, input: ConnectionInput, world: ConnectionWorld): ConnectionStep {
  const { phase } = now;
  if (phase.at === "closed") return stay(now);
  switch (input.is) {
    case "start":
      return phase.at === "idle" ? attempt(now, world) : stay(now);
    case "heard":
      return stay({ ...now, heardAtMs: world.nowMs });
    case "sent":
      return stay({ ...now, sentAtMs: world.nowMs });
    case "tick":
      return tick(now, world);
    case "online":
      return phase.at === "waiting" && phase.canHurry ? attempt(now, world) : stay(now);
    case "token":
      return phase.at === "token" ? open(now, input.token, world) : stay(now);
    case "tokenFailed":
      return phase.at === "token" ? comeBack(now, input.error, world) : stay(now);
    case "welcome":
      return phase.at === "opening" ? welcome(now, phase.token, input.limits, world) : stay(now);
    case "drain":
      return stay({ ...now, drain: { atMs: world.nowMs + input.reconnectAfterMs, url: input.url } });
    case "lost":
      return phase.at === "opening" || phase.at === "connected" ? lost(now, phase, input, world) : stay(now);
    case "close":
      return close(now, input.error);
  }
}

/** When the machine wants a tick at the latest; undefined when it waits for nothing. */
export function wakeAtMs({ phase, heardAtMs, sentAtMs, drain }: Connection): number | undefined {
  if (phase.at === "idle" || phase.at === "closed") return undefined;
  if (phase.at !== "connected") return phase.untilMs;
  const { heartbeatMs, pingTimeoutMs } = phase.limits;
  const times = [drain?.atMs, due(heardAtMs, heartbeatMs * 2), due(sentAtMs, pingTimeoutMs / 3)];
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** A limit of 0 is none. */
function due(sinceMs: number, afterMs: number): number | undefined {
  return afterMs > 0 ? sinceMs + afterMs : undefined;
}

function stay(next: Connection): ConnectionStep {
  return { next, effects: [] };
}

function attempt(now: Connection, { nowMs }: ConnectionWorld): ConnectionStep {
  const phase: Phase = { at: "token", untilMs: nowMs + ATTEMPT_MS };
  return { next: { ...now, phase, attempt: now.attempt + 1 }, effects: [{ do: "askToken" }] };
}

/** The address that a drain named is for one attempt: when that does not help, the own one is asked. */
function open(now: Connection, token: string, { url, nowMs }: ConnectionWorld): ConnectionStep {
  const phase: Phase = { at: "opening", untilMs: nowMs + ATTEMPT_MS, token };
  const next = { ...now, phase, drain: undefined, sentAtMs: nowMs, heardAtMs: nowMs };
  return { next, effects: [{ do: "open", url: allowedUrl(now.drain?.url, url), token }] };
}

/** A gateway may send elsewhere, but not from an encrypted address to an open one. */
function allowedUrl(wanted: string | undefined, own: string): string {
  if (wanted === undefined || !/^wss?:/i.test(wanted)) return own;
  return /^wss:/i.test(own) && !/^wss:/i.test(wanted) ? own : wanted;
}

function welcome(now: Connection, token: string, limits: Limits, { nowMs }: ConnectionWorld): ConnectionStep {
  const phase: Phase = { at: "connected", sinceMs: nowMs, limits, token };
  return stay({ ...now, phase, heardAtMs: nowMs, refused: undefined });
}

function tick(now: Connection, world: ConnectionWorld): ConnectionStep {
  const { phase } = now;
  if (phase.at === "waiting") return world.nowMs >= phase.untilMs ? attempt(now, world) : stay(now);
  if (phase.at === "connected") return tickConnected(now, phase.limits, world);
  if (phase.at === "idle" || phase.at === "closed" || world.nowMs < phase.untilMs) return stay(now);
  const what = phase.at === "token" ? "the token function did not answer" : "the gateway did not answer";
  return dropped(now, new RealtimeError({ message: `${what} within ${ATTEMPT_MS} ms` }), world);
}

function tickConnected(now: Connection, limits: Limits, world: ConnectionWorld): ConnectionStep {
  const isDue = (time: number | undefined) => time !== undefined && world.nowMs >= time;
  if (isDue(now.drain?.atMs)) {
    const { next, effects } = attempt(now, world);
    return { next, effects: [{ do: "drop" }, ...effects] };
  }
  if (isDue(due(now.heardAtMs, limits.heartbeatMs * 2))) {
    return dropped(now, new RealtimeError({ message: "the gateway was silent for two of its heartbeats" }), world);
  }
  if (!isDue(due(now.sentAtMs, limits.pingTimeoutMs / 3))) return stay(now);
  return { next: { ...now, sentAtMs: world.nowMs }, effects: [{ do: "ping" }] };
}

function dropped(now: Connection, why: RealtimeError, world: ConnectionWorld): ConnectionStep {
  const { next } = comeBack(now, why, world);
  return { next, effects: [{ do: "drop" }] };
}

function lost(
  now: Connection,
  phase: Phase & { readonly at: "opening" | "connected" },
  { code, why }: ConnectionInput & { readonly is: "lost" },
  world: ConnectionWorld,
): ConnectionStep {
  const verdict = judgeClose(code);
  if (verdict === "stop") return close(now, why);
  if (verdict === "comeBack") return comeBack(now, why, world);
  // A token that has run out on a connection that worked says nothing bad: it is time for the next one.
  const times = now.refused?.token === phase.token ? now.refused.times + 1 : 1;
  if (world.fixedToken || times >= MAX_REFUSALS) return close(now, why);
  return comeBack({ ...now, refused: { token: phase.token, times } }, why, world);
}

function comeBack(now: Connection, why: RealtimeError, world: ConnectionWorld): ConnectionStep {
  const { phase, drain } = now;
  const wasHealthy = phase.at === "connected" && world.nowMs - phase.sinceMs >= world.policy.healthyMs;
  const failures = wasHealthy ? 0 : now.failures;
  const waitMs = drain === undefined ? backoffMs(world.policy, failures, world.random) : drain.atMs - world.nowMs;
  const untilMs = world.nowMs + Math.max(0, waitMs);
  return stay({
    ...now,
    phase: { at: "waiting", untilMs, canHurry: drain === undefined, why },
    failures: drain === undefined ? failures + 1 : failures,
  });
}

function close(now: Connection, error: RealtimeError | undefined): ConnectionStep {
  return { next: { ...now, phase: { at: "closed", error } }, effects: [{ do: "drop" }] };
}
