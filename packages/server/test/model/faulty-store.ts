import { ErrorReason, type Member } from "@maru/protocol";
import type { PutOutcome, Store } from "../../src/domain/store.ts";
import { MaruError } from "../../src/errors.ts";
import { pauses, type World } from "./world.ts";

/** A signed request is refused by the table when it is older than this (AWS: 15 minutes at most). */
const signatureMaxAgeMs = 15 * 60_000;
const longSleep = 60;

/** The way from one server to the table: slow, and with all that can go wrong on it. */
export function createFaultyStore(inner: Store, world: World): Store {
  const { dice, weather } = world;
  const strikes = (probability: number) => !world.isCalm && dice.chance(probability);
  const unavailable = () => new MaruError(ErrorReason.STORE_UNAVAILABLE);

  async function put(attempt: () => Promise<PutOutcome>): Promise<PutOutcome> {
    const sentAtMs = world.nowMs();
    const isAccepted = () => world.nowMs() - sentAtMs <= signatureMaxAgeMs;
    await pauses(world);
    if (strikes(weather.conflict)) return { kind: "conflict" };
    if (strikes(weather.late)) {
      void pauses(world, 8)
        .then(() => (isAccepted() ? attempt() : undefined))
        .catch((error) => world.truth.violations.push(`a write that came late broke: ${error}`));
      throw unavailable();
    }
    if (!isAccepted() || strikes(weather.loseBefore)) throw unavailable();
    let outcome = await attempt();
    if (strikes(weather.twice)) {
      await pauses(world);
      if (!isAccepted()) throw unavailable();
      outcome = await attempt();
    }
    await pauses(world);
    if (strikes(weather.loseAfter)) throw unavailable();
    return strikes(weather.conflictAfterStored) ? { kind: "conflict" } : outcome;
  }

  async function write<Result>(effect: () => Promise<Result>): Promise<Result> {
    await pauses(world);
    if (strikes(weather.loseBefore)) throw unavailable();
    let result = await effect();
    if (strikes(weather.twice)) {
      await pauses(world);
      result = await effect();
    }
    await pauses(world);
    if (strikes(weather.loseAfter)) throw unavailable();
    return result;
  }

  async function read<Result>(effect: () => Promise<Result>): Promise<Result> {
    await pauses(world);
    if (strikes(weather.readFails)) throw unavailable();
    const result = await effect();
    await pauses(world);
    if (strikes(weather.sleep)) {
      await pauses(world, longSleep);
      world.jump();
      await pauses(world, longSleep);
    }
    return result;
  }

  async function readTorn(roomId: string, userIds: readonly string[]): Promise<Map<string, Member>> {
    const found = new Map<string, Member>();
    for (const userId of userIds) {
      const member = (await read(() => inner.readMembers(roomId, [userId]))).get(userId);
      if (member !== undefined) found.set(userId, member);
      if (strikes(0.3)) await pauses(world, longSleep);
    }
    return found;
  }

  return {
    putEntry: (entry, signal) => put(() => inner.putEntry(entry, signal)),
    putEntryWithState: (entry, change, signal) => put(() => inner.putEntryWithState(entry, change, signal)),
    readEntries: (range) => read(() => inner.readEntries(range)),
    readEntry: (roomId, seq) => read(() => inner.readEntry(roomId, seq)),
    readEntriesAt: (roomId, seqs) => read(() => inner.readEntriesAt(roomId, seqs)),
    readRoom: (roomId) => read(() => inner.readRoom(roomId)),
    readAlias: (roomId) => read(() => inner.readAlias(roomId)),
    readRooms: (roomIds) => read(() => inner.readRooms(roomIds)),
    readMembers: (roomId, userIds) =>
      strikes(weather.tornReads) ? readTorn(roomId, userIds) : read(() => inner.readMembers(roomId, userIds)),
    readMembersAt: (places) => read(() => inner.readMembersAt(places)),
    listMembers: (roomId, afterUserId, limit) => read(() => inner.listMembers(roomId, afterUserId, limit)),
    setMemberSettings: (roomId, userId, settings) => write(() => inner.setMemberSettings(roomId, userId, settings)),
    listRoomIdsOf: (userId, afterRoomId, limit) => read(() => inner.listRoomIdsOf(userId, afterRoomId, limit)),
    listRoomIds: (bucket, afterRoomId, limit) => read(() => inner.listRoomIds(bucket, afterRoomId, limit)),
    listHeldMessages: (after, limit) => read(() => inner.listHeldMessages(after, limit)),
    markRead: (roomId, userId, seq) => write(() => inner.markRead(roomId, userId, seq)),
    raisePurgedBelow: (roomId, below) => write(() => inner.raisePurgedBelow(roomId, below)),
    async deleteEntries(roomId, seqs) {
      // It may stop anywhere: the order in which the table deletes is its own.
      const shuffled = seqs.map((seq) => ({ seq, at: dice.next() })).sort((a, b) => a.at - b.at);
      for (const { seq } of shuffled) {
        await pauses(world, 0);
        if (strikes(weather.loseBefore)) throw unavailable();
        await inner.deleteEntries(roomId, [seq]);
      }
    },
  };
}
