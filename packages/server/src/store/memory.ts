import { clone } from "@bufbuild/protobuf";
import { EntrySchema, ErrorReason, type Member, MemberSchema, type Room, RoomSchema } from "@maru/protocol";
import type { Change } from "../domain/change.ts";
import type { EntryPlace, LoggedEntry, MarkReadOutcome, PutOutcome, StateChange, Store } from "../domain/store.ts";
import { MaruError } from "../errors.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { requireBodyField } from "./entry-type.ts";
import { isHeld } from "./items.ts";
import { roomBucketOf } from "./keys.ts";
import { distinctPlaces, requireFits, requireReadCount, requireReadSeq } from "./limits.ts";
import * as rooms from "./memory-room.ts";

export interface MemoryStoreOptions {
  /** Told in order, within the operation that made the change: what the table's stream would say. */
  readonly onChange?: (change: Change) => void;
  /** Clock of the changes. Default: the machine's. */
  readonly nowMs?: () => number;
}

/**
 * The store in memory, for tests and benchmarks. Each operation waits for one turn of the microtask queue and then
 * takes place at once. What it hands out is never what it holds: entries are frozen, rooms and members are copies.
 */
export function createMemoryStore({ onChange = () => undefined, nowMs = Date.now }: MemoryStoreOptions = {}): Store {
  const held = new Map<string, rooms.MemoryRoom>();
  const roomOf = (roomId: string): rooms.MemoryRoom => held.get(roomId) ?? rooms.emptyRoom();

  function put(logged: LoggedEntry, change?: StateChange): PutOutcome {
    const { roomId, seq, stateSeq } = logged.entry;
    const room = roomOf(roomId);
    const winner = rooms.findEntry(room, seq);
    const roomMisses = change !== undefined && (change.create === undefined) === (room.meta === undefined);
    const entryMisses = change !== undefined && !rooms.hasEntries(room, change);
    if (winner !== undefined || roomMisses || entryMisses) return { kind: "taken", winner };
    const kept = { ...logged, entry: deepFreeze(clone(EntrySchema, logged.entry)) };
    if (change !== undefined) rooms.changeState(room, roomId, stateSeq, change);
    rooms.insertEntry(room, Object.freeze(kept));
    held.set(roomId, room);
    onChange({ kind: "entry", entry: kept, committedAtMs: nowMs() });
    return { kind: "stored" };
  }

  function moveMarker(roomId: string, userId: string, seq: number): MarkReadOutcome {
    const member = roomOf(roomId).members.get(userId);
    if (member === undefined || member.leftSeq !== 0) return { kind: "not_a_member" };
    if (member.readSeq >= seq) return { kind: "unchanged", readSeq: member.readSeq };
    member.readSeq = seq;
    onChange({ kind: "read_marker", roomId, userId, readSeq: seq });
    return { kind: "moved", readSeq: seq };
  }

  function behind(
    afterRoomId: string | undefined,
    limit: number,
    isWanted: (room: rooms.MemoryRoom, roomId: string) => boolean,
  ): string[] {
    const wanted = [...held].filter(([roomId, room]) => room.meta !== undefined && isWanted(room, roomId));
    const ids = wanted.map(([roomId]) => roomId).sort(compareBytes);
    return ids.filter((roomId) => afterRoomId === undefined || compareBytes(roomId, afterRoomId) > 0).slice(0, limit);
  }

  return {
    async putEntry(entry, signal) {
      requireBodyField(entry.entry);
      await turn(signal);
      return put(entry);
    },
    async putEntryWithState(entry, change, signal) {
      requireBodyField(entry.entry);
      requireFits(change);
      await turn(signal);
      return put(entry, change);
    },
    async readEntries(range) {
      await turn();
      return rooms.sliceEntries(roomOf(range.roomId), range);
    },
    async readEntry(roomId, seq) {
      await turn();
      return rooms.findEntry(roomOf(roomId), seq);
    },
    async readEntriesAt(roomId, seqs) {
      const distinct = [...new Set(seqs)].sort((a, b) => a - b);
      requireReadCount(distinct.length);
      await turn();
      return distinct.flatMap((seq) => rooms.findEntry(roomOf(roomId), seq) ?? []);
    },
    async readRoom(roomId) {
      await turn();
      return copyRoom(roomOf(roomId).meta);
    },
    // What is imported goes to a real table.
    async readAlias() {
      await turn();
      return undefined;
    },
    async readRooms(roomIds) {
      const distinct = [...new Set(roomIds)];
      requireReadCount(distinct.length);
      await turn();
      return new Map(
        distinct.flatMap((roomId) => {
          const room = copyRoom(roomOf(roomId).meta);
          return room === undefined ? [] : [[roomId, room]];
        }),
      );
    },
    async readMembers(roomId, userIds) {
      const distinct = [...new Set(userIds)];
      requireReadCount(distinct.length);
      await turn();
      const { members } = roomOf(roomId);
      return new Map(
        distinct.flatMap((userId) => {
          const member = members.get(userId);
          return member === undefined ? [] : [[userId, copyMember(member)]];
        }),
      );
    },
    async readMembersAt(places) {
      const distinct = distinctPlaces(places);
      requireReadCount(distinct.length);
      await turn();
      return distinct.flatMap(({ roomId, userId }) => {
        const member = roomOf(roomId).members.get(userId);
        return member === undefined ? [] : [copyMember(member)];
      });
    },
    async listMembers(roomId, afterUserId, limit) {
      await turn();
      const behind = [...roomOf(roomId).members.values()].filter(
        ({ userId }) => afterUserId === undefined || compareBytes(userId, afterUserId) > 0,
      );
      behind.sort((a, b) => compareBytes(a.userId, b.userId));
      return behind.slice(0, Math.max(0, limit)).map(copyMember);
    },
    async setMemberSettings(roomId, userId, settings) {
      await turn();
      const member = roomOf(roomId).members.get(userId);
      if (member === undefined || member.leftSeq !== 0) return { kind: "not_a_member" };
      Object.assign(member, settings);
      return { kind: "set", member: copyMember(member) };
    },
    async markRead(roomId, userId, seq) {
      requireReadSeq(seq);
      await turn();
      return moveMarker(roomId, userId, seq);
    },
    async listRoomIdsOf(userId, afterRoomId, limit) {
      await turn();
      return behind(afterRoomId, limit, ({ members }) => members.has(userId));
    },
    async listRoomIds(bucket, afterRoomId, limit) {
      await turn();
      return behind(afterRoomId, limit, (_room, roomId) => roomBucketOf(roomId) === bucket);
    },
    async listHeldMessages(after, limit) {
      await turn();
      const places = [...held].flatMap(([roomId, { entries }]) =>
        entries.filter(({ entry }) => isHeld(entry.body)).map(({ entry }) => ({ roomId, seq: entry.seq })),
      );
      places.sort((a, b) => compareBytes(a.roomId, b.roomId) || a.seq - b.seq);
      const start = after === undefined ? 0 : places.findIndex((place) => isBehind(place, after));
      return start === -1 ? [] : places.slice(start, start + limit);
    },
    async raisePurgedBelow(roomId, below) {
      await turn();
      const { meta } = roomOf(roomId);
      if (meta === undefined) throw new MaruError(ErrorReason.ROOM_NOT_FOUND, { metadata: { room_id: roomId } });
      meta.purgedBelow = Math.max(meta.purgedBelow, below);
    },
    async deleteEntries(roomId, seqs) {
      await turn();
      for (const seq of seqs) rooms.removeEntry(roomOf(roomId), seq);
    },
  };
}

async function turn(signal?: AbortSignal): Promise<void> {
  await null;
  signal?.throwIfAborted();
}

function copyRoom(room: Room | undefined): Room | undefined {
  return room && clone(RoomSchema, room);
}

function copyMember(member: Member): Member {
  return clone(MemberSchema, member);
}

function isBehind(place: EntryPlace, after: EntryPlace): boolean {
  const order = compareBytes(place.roomId, after.roomId);
  return order > 0 || (order === 0 && place.seq > after.seq);
}

/** The table's order: by UTF-8 bytes. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
