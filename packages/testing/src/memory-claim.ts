import { type ClaimStart, KafkaError, type PartitionClaim } from "@maru/kafka";

/** What a claim may do with the broker. */
export interface ClaimControl {
  /** Something may be handed over that could not be before. */
  wake(claim: MemoryClaim): void;
  /** Says whether the group still counts the member, and has stored the offset. */
  commit(claim: MemoryClaim, nextOffset: bigint): Promise<boolean>;
}

/** A partition that a member of a group in memory has. */
export class MemoryClaim implements PartitionClaim {
  readonly topic: string;
  readonly partition: number;
  /** Of the group, when it assigned the partition. */
  readonly generation: number;
  startOffset = -1n;
  startsFrom: ClaimStart = "committed";
  position = -1n;
  highOffset = -1n;
  /** Whether `onAssigned` was told of it. */
  announced = false;
  /** Whether something was handed over: before that, nothing can be committed. */
  handedOver = false;
  /** Whether a batch is being fetched or handed over. */
  busy = false;
  readonly #control: ClaimControl;
  readonly #end = new AbortController();
  #held = true;
  #paused = false;

  constructor(at: { topic: string; partition: number }, generation: number, control: ClaimControl) {
    this.topic = at.topic;
    this.partition = at.partition;
    this.generation = generation;
    this.#control = control;
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

  hold(): void {
    this.#held = true;
  }

  release(offset: bigint): void {
    if (this.lost) return;
    this.#held = false;
    this.seek(offset);
  }

  lose(): void {
    this.#end.abort();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#control.wake(this);
  }

  seek(offset: bigint): void {
    if (this.lost) return;
    this.position = offset;
    this.#control.wake(this);
  }

  async commit(nextOffset: bigint): Promise<boolean> {
    if (this.lost) return false;
    if (!this.handedOver) throw new KafkaError(`nothing of ${this.topic}/${this.partition} was handed over yet`);
    return this.#control.commit(this, nextOffset);
  }
}
