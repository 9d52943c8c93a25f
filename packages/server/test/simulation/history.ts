import type { VirtualTime } from "./virtual-time.ts";

/** A message that was acknowledged to its sender. */
export interface AckedMessage {
  readonly roomId: string;
  readonly seq: number;
  readonly text: string;
}

/** A handler that has done its work, or gave a gap. */
export interface HandledEntry {
  readonly roomId: string;
  readonly seq: number;
  /** Who handled it: a life of a consumer, and an assignment of its partition. */
  readonly by: string;
  /** It had been skipped, and somebody asked for it. */
  readonly redelivered: boolean;
}

export interface ToldGap {
  readonly roomId: string;
  readonly firstMissingSeq: number;
  readonly lastMissingSeq: number;
  readonly reason: string;
}

export interface Effect {
  readonly roomId: string;
  readonly seq: number;
  readonly redelivered: boolean;
}

/** What happened in a run, for the checks at its end and for whoever looks into it. */
export interface History {
  readonly acked: AckedMessage[];
  readonly handled: HandledEntry[];
  readonly gaps: ToldGap[];
  /** What the handlers wrote through a position store, in the order of its commits. */
  readonly effects: Effect[];
  readonly violations: string[];
  readonly lines: string[];
  /** Of all lines: the same seed must give the same. */
  readonly hash: string;
  note(what: string): void;
  /** How often something happened, by its name. */
  readonly counts: Map<string, number>;
  count(what: string): void;
}

export function createHistory(time: VirtualTime): History {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  let hash = 0x811c9dc5;
  return {
    acked: [],
    handled: [],
    gaps: [],
    effects: [],
    violations: [],
    lines,
    counts,
    get hash() {
      return (hash >>> 0).toString(16).padStart(8, "0");
    },
    note(what) {
      const line = `${time.nowMs() % 100_000_000} ${time.current?.name ?? "-"}: ${what}`;
      lines.push(line);
      for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
    },
    count(what) {
      counts.set(what, (counts.get(what) ?? 0) + 1);
    },
  };
}
