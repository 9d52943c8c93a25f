import type { EachBatchPayload } from "kafkajs";
import { CommitRefusedError, KafkaError, type TopicPartition } from "./errors.ts";
import { chainOf, failureKind } from "./failure.ts";
import { pause } from "./waiting.ts";

/**
 * Where a claim starts: where the group had `committed` that it goes on; at the `oldest` or the `newest` record, when the group had
 * committed nothing; or, when what it had committed was `lost`, where the owner wanted to go on.
 */
export type ClaimStart = "committed" | "oldest" | "newest" | "lost";

/**
 * A partition that the group assigned to this consumer, until it is taken away. After a rebalance the same partition comes
 * back as another claim, and starts at the committed offset.
 */
export interface PartitionClaim extends TopicPartition {
  /** The first offset that is handed over. */
  readonly startOffset: bigint;
  readonly startsFrom: ClaimStart;
  /** The offset that is fetched next. */
  readonly position: bigint;
  /** The offset that the next record of the partition will get, as far as it is known: `highOffset - position` is the lag. */
  readonly highOffset: bigint;
  /** Aborts when the partition is lost or the consumer ends: what is handled after that is handled by somebody else, too. */
  readonly signal: AbortSignal;
  /**
   * Stores where the group goes on: `nextOffset` is the first offset that is not done. Says whether it was stored; `false`
   * means that the partition was lost. Retries what passes.
   * @throws CommitRefusedError when the brokers refuse it for another reason
   */
  commit(nextOffset: bigint): Promise<boolean>;
  /** Hands over nothing more until `resume`. */
  pause(): void;
  resume(): void;
  /** Goes on at this offset; what was read and not handed over yet is dropped. */
  seek(offset: bigint): void;
}

/** What a claim may do with the driver; only called while the claim is held. */
export interface FetchControl {
  pause(at: TopicPartition): void;
  resume(at: TopicPartition): void;
  seek(at: TopicPartition, offset: bigint): void;
}

type CommitOffsets = EachBatchPayload["commitOffsetsIfNecessary"];

const MEMBERSHIP_LOST = new Set([
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
  "REBALANCE_IN_PROGRESS",
  "FENCED_INSTANCE_ID",
]);

/** The claim as the driver sees it. */
export class Claim implements PartitionClaim {
  readonly topic: string;
  readonly partition: number;
  startOffset = -1n;
  startsFrom: ClaimStart = "committed";
  highOffset = -1n;
  /** Whether `onAssigned` was told of it. */
  announced = false;
  /** When something last came of it, or was last allowed to come, by `performance.now`. */
  movedAtMs = performance.now();
  #position = -1n;
  #steppedTo = -1n;
  readonly #commitsSinceMs = new Set<{ ms: number }>();
  readonly #control: FetchControl;
  readonly #end = new AbortController();
  #held = true;
  #paused = false;
  #commitOffsets: CommitOffsets | undefined;
  #soughtBackTo = -1n;

  constructor(at: TopicPartition, control: FetchControl) {
    this.topic = at.topic;
    this.partition = at.partition;
    this.#control = control;
    control.pause(this);
  }

  get position(): bigint {
    return this.#position;
  }

  set position(offset: bigint) {
    if (offset !== this.#position) this.movedAtMs = performance.now();
    this.#position = offset;
  }

  /** Where fetching has come to: ahead of the position when the driver stepped over records that are not handed over. */
  get reached(): bigint {
    const isAhead = this.#steppedTo > this.#position;
    return isAhead ? this.#steppedTo : this.#position;
  }

  /** Since when the oldest commit has been waiting for its answer; undefined while there is none. */
  get commitPendingSinceMs(): number | undefined {
    const [oldest] = this.#commitsSinceMs;
    return oldest?.ms;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get lost(): boolean {
    return this.#end.signal.aborted;
  }

  /** Whether a batch may be handed over now. */
  get flowing(): boolean {
    return !this.lost && !this.#held && !this.#paused;
  }

  /** Stops fetching for the driver's own reasons, whatever the owner wants. */
  hold(): void {
    if (this.lost) return;
    this.#held = true;
    this.#control.pause(this);
  }

  /** Lets fetching go on from `offset`. */
  release(offset: bigint): void {
    if (this.lost) return;
    this.#held = false;
    this.movedAtMs = performance.now();
    this.seek(offset);
    if (!this.#paused) this.#control.resume(this);
  }

  lose(): void {
    this.#end.abort();
  }

  pause(): void {
    this.#paused = true;
    if (!this.lost) this.#control.pause(this);
  }

  resume(): void {
    this.#paused = false;
    this.movedAtMs = performance.now();
    if (!this.lost && !this.#held) this.#control.resume(this);
  }

  seek(offset: bigint): void {
    if (this.lost) return;
    this.position = offset;
    this.#steppedTo = -1n;
    this.#control.seek(this, offset);
  }

  /** The driver stepped over control records; what is handed over next begins here or later. */
  stepTo(offset: bigint): void {
    this.#steppedTo = offset;
    this.movedAtMs = performance.now();
  }

  /**
   * Whether a batch that was fetched at this offset follows what was handed over. A fetch that began before a rebalance may
   * be answered after it; taking its batch would jump over what was not committed. So a batch from elsewhere is dropped, and
   * fetched again from the right place once; if it is ahead even then, the driver itself stepped over control records.
   */
  follows(fetchedOffset: bigint): boolean {
    if (fetchedOffset === this.position) return true;
    if (fetchedOffset > this.position && this.#soughtBackTo === this.position) {
      this.position = fetchedOffset;
      return true;
    }
    this.#soughtBackTo = this.position;
    this.seek(this.position);
    return false;
  }

  /** Gives the claim a way to commit that fails, and is not repeated, when the generation is over. */
  commitThrough(commitOffsets: CommitOffsets): void {
    this.#commitOffsets = commitOffsets;
  }

  async commit(nextOffset: bigint): Promise<boolean> {
    const since = { ms: performance.now() };
    this.#commitsSinceMs.add(since);
    try {
      return await this.#commit(nextOffset);
    } finally {
      this.#commitsSinceMs.delete(since);
    }
  }

  async #commit(nextOffset: bigint): Promise<boolean> {
    const offsets = { partition: this.partition, offset: String(nextOffset) };
    for (let tries = 1; !this.lost; tries++) {
      if (!this.#commitOffsets) throw new KafkaError(`nothing of ${this.topic}/${this.partition} was handed over yet`);
      try {
        await this.#commitOffsets({ topics: [{ topic: this.topic, partitions: [offsets] }] });
        return true;
      } catch (error) {
        if (chainOf(error).some((e) => MEMBERSHIP_LOST.has((e as { type?: string }).type ?? ""))) return false;
        if (!this.lost && failureKind(error) === "refused") throw new CommitRefusedError(this, error);
        await pause(Math.min(1000, 50 * 2 ** tries), this.signal);
      }
    }
    return false;
  }
}
