import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema } from "@maru/protocol";
import type { LoggedEntry, PutOutcome, StateChange, Store } from "../../src/domain/store.ts";
import type { World } from "./world.ts";

/** The store with each of its effects written down in the truth. */
export function createRecordingStore(inner: Store, world: World): Store {
  const { truth } = world;

  async function recordPut(
    logged: LoggedEntry,
    change: StateChange | undefined,
    put: () => Promise<PutOutcome>,
  ): Promise<PutOutcome> {
    const storedAfter = world.stamp();
    const outcome = await put();
    if (outcome.kind !== "stored")
      return outcome.kind === "taken" ? { ...outcome, winner: outcome.winner && asSeen(outcome.winner) } : outcome;
    const { seq } = logged.entry;
    const changed = (change?.entries ?? []).map((one) => one.seq);
    const [storedBefore, storedAtMs] = [world.stamp(), world.nowMs()];
    const entry = { logged, changed, storedAfter, storedBefore, storedAtMs, removed: undefined };
    const expected = truth.entries.length + 1;
    // A number above the expected one may be a neighbour whose answer is still under way; a hole is found at the end.
    if (truth.entries[seq - 1] !== undefined)
      truth.violations.push(`entry ${seq} was stored twice, at the end of ${expected - 1} entries`);
    else truth.entries[seq - 1] = entry;
    return outcome;
  }

  /** A version that does not know an entry's type reads it without its body. */
  function asSeen(logged: LoggedEntry): LoggedEntry {
    if (!world.unknownKeys.has(logged.entry.idempotencyKey)) return logged;
    return {
      ...logged,
      entry: create(EntrySchema, { ...logged.entry, type: "from_the_future", body: { case: undefined } }),
    };
  }

  return {
    ...inner,
    putEntry: (logged, signal) => recordPut(logged, undefined, () => inner.putEntry(logged, signal)),
    putEntryWithState: (logged, change, signal) =>
      recordPut(logged, change, () => inner.putEntryWithState(logged, change, signal)),
    readEntries: async (range) => (await inner.readEntries(range)).map(asSeen),
    async readEntry(roomId, seq) {
      const found = await inner.readEntry(roomId, seq);
      return found && asSeen(found);
    },
    readEntriesAt: async (roomId, seqs) => (await inner.readEntriesAt(roomId, seqs)).map(asSeen),
    async markRead(roomId, userId, seq) {
      const after = world.stamp();
      const outcome = await inner.markRead(roomId, userId, seq);
      if (outcome.kind === "moved") truth.moves.push({ userId, readSeq: seq, after, before: world.stamp() });
      return outcome;
    },
    async setMemberSettings(roomId, userId, settings) {
      const after = world.stamp();
      const outcome = await inner.setMemberSettings(roomId, userId, settings);
      if (outcome.kind === "set") {
        const { notificationsMutedUntil: until, ...others } = settings;
        const mutes = { notificationsMutedUntilMs: until && timestampMs(until) };
        const isMuting = "notificationsMutedUntil" in settings;
        truth.settings.push({ userId, ...others, ...(isMuting ? mutes : {}), after, before: world.stamp() });
      }
      return outcome;
    },
    async raisePurgedBelow(roomId, below) {
      truth.rises.push({ below, after: world.stamp() });
      await inner.raisePurgedBelow(roomId, below);
    },
    async deleteEntries(roomId, seqs) {
      const after = world.stamp();
      await inner.deleteEntries(roomId, seqs);
      const before = world.stamp();
      for (const seq of seqs) {
        const entry = truth.entries[seq - 1];
        if (entry === undefined) continue;
        entry.removed ??= { after, before, atMs: world.nowMs() };
        const tailSeq = truth.entries.findLastIndex((other) => other !== undefined && other.storedBefore < after) + 1;
        if (seq >= tailSeq) truth.violations.push(`retention removed entry ${seq}, the tail`);
      }
    },
  };
}
