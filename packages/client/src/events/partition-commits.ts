import type { PartitionClaim } from "@maru/kafka";
import type { OffsetTracker } from "./commit.ts";

/** Commits what is done of one partition, while it is held. */
export interface PartitionCommits {
  /** More may be done: it is committed soon. */
  moved(): void;
  /** Commits at once, with the request sent before this returns; resolves when it is answered. */
  now(): Promise<void>;
  /** Waits for the commit under way, and commits what is left. */
  last(): Promise<void>;
  /**
   * Whether the partition is still this consumer's, as the brokers see it: they take a commit. One that was stopped for long
   * does not know that others have its partition. Before anything was fetched there is nothing to commit, and it is believed.
   */
  confirm(): Promise<boolean>;
}

/** What commits need. */
export interface PartitionCommitsDeps {
  readonly offsets: OffsetTracker;
  /** How long done events may wait for the next commit, in milliseconds. */
  readonly intervalMs: number;
  /** Is told when a commit was stored. */
  readonly stored: () => void;
  /** Is told when the brokers refuse a commit. */
  readonly fail: (error: unknown) => void;
}

/** One commit is under way at a time, each for all that was done until then; `now` alone does not wait for its turn. */
export function createPartitionCommits(deps: PartitionCommitsDeps, claim: PartitionClaim): PartitionCommits {
  let asked = claim.startOffset;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<unknown> = Promise.resolve();
  let busyCount = 0;

  const isBehind = () => deps.offsets.next !== undefined && deps.offsets.next > asked && !claim.signal.aborted;

  function now(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const next = deps.offsets.next;
    const earlier = underWay;
    const sent = next !== undefined && isBehind() ? send(next) : undefined;
    const all = Promise.all([earlier, sent]).then(() => {});
    underWay = all;
    return all;
  }

  async function send(next: bigint): Promise<void> {
    asked = next;
    busyCount++;
    try {
      if (await claim.commit(next)) deps.stored();
    } catch (error) {
      deps.fail(error);
    } finally {
      busyCount--;
      moved();
    }
  }

  function moved(): void {
    if (timer !== undefined || busyCount > 0 || !isBehind()) return;
    timer = setTimeout(now, deps.intervalMs);
  }

  async function last(): Promise<void> {
    await underWay;
    await now();
  }

  async function confirm(): Promise<boolean> {
    await underWay;
    const next = deps.offsets.next;
    if (claim.signal.aborted || next === undefined) return !claim.signal.aborted;
    if (next > asked) asked = next;
    try {
      return await claim.commit(next);
    } catch (error) {
      deps.fail(error);
      return false;
    }
  }

  claim.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return { moved, now, last, confirm };
}
