import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Entry, Member, Room } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import { isPresent } from "../log/fold.ts";
import { atOneMoment } from "./get.ts";
import { isHidden } from "./hidden.ts";

export interface RoomFilter {
  readonly userId: string;
  /** Empty: of all kinds. */
  readonly kinds: readonly string[];
  readonly includeHidden: boolean;
}

/** A room of a user, with what its place in the list hangs on. */
export interface WalkedRoom {
  readonly room: Room;
  readonly member: Member;
  readonly tail: Entry;
  readonly lastEntryAtMs: number;
}

export interface Walk {
  /** All rooms that the user is in, also those that are not wanted. */
  readonly all: readonly WalkedRoom[];
  /** The one with the latest entry first. */
  readonly rooms: readonly WalkedRoom[];
  /** The user has, or had, more rooms than were looked at. */
  readonly partial: boolean;
}

/** So many items the table gives at once. */
const batchSize = 100;

/** Goes through the rooms of a user: the index names them, and everything else is read from the table itself. */
export async function walkRooms(domain: Domain, filter: RoomFilter): Promise<Walk> {
  const { store, limits } = domain;
  const found = await store.listRoomIdsOf(filter.userId, undefined, limits.listRoomsMax + 1);
  const roomIds = found.slice(0, limits.listRoomsMax);
  const all = await readWalked(domain, filter.userId, roomIds, filter.kinds);
  return { all, rooms: wantedOf(all, filter).sort(byActivity), partial: found.length > roomIds.length };
}

/** Those that are not hidden, if that is wanted. */
export function wantedOf(
  walked: readonly WalkedRoom[],
  { includeHidden }: Pick<RoomFilter, "includeHidden">,
): WalkedRoom[] {
  return walked.filter(({ member }) => includeHidden || !member.hidden);
}

export function isOfKind({ room }: { readonly room: Pick<Room, "kind"> }, kinds: readonly string[]): boolean {
  return kinds.length === 0 || kinds.includes(room.kind);
}

/** Of these rooms those that the user is in, and that are of one of the kinds, in no order. */
export async function readWalked(
  domain: Domain,
  userId: string,
  roomIds: readonly string[],
  kinds: readonly string[],
): Promise<WalkedRoom[]> {
  const { store, log } = domain;
  const places = roomIds.map((roomId) => ({ roomId, userId }));
  const members = (await log.fanOut.map(batchesOf(places), (batch) => store.readMembersAt(batch))).flat();
  const present = members.filter(isPresent);
  const presentIds = present.map(({ roomId }) => roomId);
  const batches = await log.fanOut.map(batchesOf(presentIds), (batch) => store.readRooms(batch));
  const roomOf = new Map(batches.flatMap((batch) => [...batch]));
  const wanted = present.flatMap((member) => {
    const room = roomOf.get(member.roomId);
    return room !== undefined && isOfKind({ room }, kinds) ? [{ room, member }] : [];
  });
  const walked = await log.fanOut.map(wanted, (one) => withActivity(domain, one.room, one.member));
  return walked.filter((one) => one !== undefined);
}

async function withActivity({ store, limits }: Domain, read: Room, member: Member): Promise<WalkedRoom | undefined> {
  const { room, tail } = await atOneMoment(store, read);
  if (tail === undefined) return undefined;
  const { entry } = tail;
  const hidden = await isHidden(store, member, entry, limits.unreadMaxEntries);
  const lastEntryAtMs = entry.createdAt === undefined ? 0 : timestampMs(entry.createdAt);
  return { room, member: { ...member, hidden }, tail: entry, lastEntryAtMs };
}

/** Latest first; of the same millisecond by id. */
export function byActivity(a: Place, b: Place): number {
  return b.lastEntryAtMs - a.lastEntryAtMs || (a.room.roomId < b.room.roomId ? -1 : 1);
}

type Place = { readonly lastEntryAtMs: number; readonly room: Pick<Room, "roomId"> };

function batchesOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / batchSize) }, (_, n) =>
    items.slice(n * batchSize, (n + 1) * batchSize),
  );
}
