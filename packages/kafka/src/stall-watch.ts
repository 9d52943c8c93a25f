import type { Kafka } from "kafkajs";
import { askBrokers } from "./admin.ts";
import type { Claim } from "./claim.ts";
import type { ConsumerStall } from "./consumer-stall.ts";
import { offsetsOf, type PartitionOffsets } from "./topics.ts";

/** What is found: all but how the consumer reacts. */
export type FoundStall = Omit<ConsumerStall, "willRejoin">;

export interface StallWatchDeps {
  readonly checkMs: number;
  /** How long joining may take without a word. */
  readonly joinLimitMs: number;
  readonly claims: () => readonly Claim[];
  /** See `GroupSession`. Undefined while there is no session. */
  readonly session: () => { readonly awaySinceMs: number | undefined; readonly batchesInHand: number } | undefined;
  /** What the brokers hold of a topic. */
  readonly offsetsOf: (topic: string) => Promise<PartitionOffsets[]>;
  readonly nowMs: () => number;
}

/** In so many looks a partition must be behind at the same place. */
const LOOKS_BEHIND = 2;
/** The same while others move: they may have so much that it has to wait. */
const LOOKS_BEHIND_OTHERS = 6;
/** How long it may take until the start of a new claim is known, in looks. */
const LOOKS_TO_PLACE = 4;
/** How long the group may leave a commit unanswered, in looks. */
const LOOKS_TO_COMMIT = 3;
/** After a look at which all had been fetched, so many are left out: to ask costs a connection. */
const LOOKS_LEFT_OUT = 2;
/** How often the brokers may leave the question unanswered, before that is told. */
const LOOKS_UNANSWERED = 3;

/**
 * Looks whether the consumer gets what it should. It is a matter of two looks: a partition that was behind in both, at the
 * same position, is stalled; of more while others move. While the owner has paused, or still takes a batch, nothing is.
 */
export class StallWatch {
  readonly #deps: StallWatchDeps;
  readonly #behind = new WeakMap<Claim, { at: bigint; looks: number }>();
  #unanswered = 0;
  #leaveOut = 0;

  constructor(deps: StallWatchDeps) {
    this.#deps = deps;
  }

  async look(): Promise<FoundStall | undefined> {
    const { session, claims, nowMs, checkMs, joinLimitMs } = this.#deps;
    const current = session();
    if (current === undefined) return undefined;
    if (current.awaySinceMs !== undefined) {
      const quietMs = nowMs() - current.awaySinceMs;
      return quietMs > joinLimitMs ? { what: "unjoined", partitions: [], quietMs } : undefined;
    }
    const isUncommitted = ({ commitPendingSinceMs: sinceMs = nowMs() }: Claim) =>
      nowMs() - sinceMs > LOOKS_TO_COMMIT * checkMs;
    const uncommitted = claims().filter(isUncommitted);
    if (uncommitted.length > 0) return toStall("uncommitted", uncommitted, nowMs());
    if (current.batchesInHand > 0) return undefined;
    const quietFor = (claim: Claim) => nowMs() - claim.movedAtMs;
    const unplaced = claims().filter((claim) => !claim.announced && quietFor(claim) > LOOKS_TO_PLACE * checkMs);
    if (unplaced.length > 0) return toStall("unplaced", unplaced, nowMs());
    const quiet = claims().filter((claim) => claim.flowing && quietFor(claim) >= checkMs);
    if (quiet.length === 0 || this.#leaveOut-- > 0) return undefined;
    return this.#compare(quiet);
  }

  async #compare(quiet: readonly Claim[]): Promise<FoundStall | undefined> {
    const asked = new Map(quiet.map((claim) => [claim, claim.reached]));
    const held = new Map<string, PartitionOffsets[]>();
    try {
      for (const topic of new Set(quiet.map((claim) => claim.topic)))
        held.set(topic, await this.#deps.offsetsOf(topic));
      this.#unanswered = 0;
    } catch (cause) {
      if (++this.#unanswered < LOOKS_UNANSWERED) return undefined;
      return { ...toStall("unanswered", quiet, this.#deps.nowMs()), cause };
    }
    const othersMove = this.#deps.claims().some((claim) => claim.flowing && !quiet.includes(claim));
    const stalled = quiet.filter((claim) => {
      const found = held.get(claim.topic)?.find(({ partition }) => partition === claim.partition);
      if (found !== undefined && found.highOffset > claim.highOffset) claim.highOffset = found.highOffset;
      if (found === undefined || !claim.flowing || claim.reached !== asked.get(claim)) return false;
      if (found.highOffset <= claim.reached) {
        this.#behind.delete(claim);
        return false;
      }
      const before = this.#behind.get(claim);
      const looks = before?.at === claim.reached ? before.looks + 1 : 1;
      this.#behind.set(claim, { at: claim.reached, looks });
      return looks >= (othersMove ? LOOKS_BEHIND_OTHERS : LOOKS_BEHIND);
    });
    this.#leaveOut = quiet.some((claim) => this.#behind.has(claim)) ? 0 : LOOKS_LEFT_OUT;
    return stalled.length === 0 ? undefined : toStall("behind", stalled, this.#deps.nowMs());
  }
}

/** Asks over a connection of its own, since those of the consumer may be what hangs. */
export function askOffsets(kafka: Kafka, limitMs: number, signal: AbortSignal) {
  return (topic: string) => askBrokers(kafka, "read offsets", (admin) => offsetsOf(admin, topic), { signal, limitMs });
}

function toStall(what: FoundStall["what"], claims: readonly Claim[], nowMs: number): FoundStall {
  const partitions = claims.map(({ topic, partition, position, highOffset }) => {
    return { topic, partition, position, highOffset };
  });
  return { what, partitions, quietMs: Math.max(...claims.map((claim) => nowMs - claim.movedAtMs)) };
}
