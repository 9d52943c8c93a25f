import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

export type Writers = "members" | "admins" | "services";

/** The rules of one kind of room. */
export interface RoomKind {
  /** Services that may create rooms of the kind; undefined: all. */
  readonly creators: ReadonlySet<string> | undefined;
  readonly maxMembers: number;
  /** Who may write. Services and the system always may. */
  readonly writers: Writers;
  /** For how long a message may be edited; undefined: for ever. */
  readonly editWindowMs: number | undefined;
  /** After how long messages are removed; undefined: never. */
  readonly retentionMs: number | undefined;
}

/** The kinds as they are declared now: they may change while the server runs. */
export interface RoomKinds {
  /** Undefined for a kind that is not declared. */
  find(kind: string): RoomKind | undefined;
}

export const openKind: RoomKind = {
  creators: undefined,
  maxMembers: 10_000,
  writers: "members",
  editWindowMs: undefined,
  retentionMs: undefined,
};

/** Where no kinds are declared, every kind is good and has the same rules. */
export const anyKind: RoomKinds = { find: () => openKind };

/** The rules of a room that exists: its kind may have been taken out of the policy since, and then has the usual rules. */
export function kindOf(kinds: RoomKinds, room: { readonly kind: string }): RoomKind {
  return kinds.find(room.kind) ?? openKind;
}

export function requireFewEnough({ maxMembers }: RoomKind, roomId: string, memberCount: number): void {
  if (memberCount <= maxMembers) return;
  throw new MaruError(ErrorReason.TOO_MANY_MEMBERS, { metadata: { room_id: roomId, limit: maxMembers } });
}

/** The room may be made now, by this caller and with so many members. */
export function requireMayCreate(
  kinds: RoomKinds,
  room: { readonly roomId: string; readonly kind: string; readonly memberCount: number },
  caller: string,
): void {
  requireFewEnough(requireKind(kinds, room.kind, caller), room.roomId, room.memberCount);
}

/** The rules of a room that is to be made. */
export function requireKind(kinds: RoomKinds, kind: string, caller: string): RoomKind {
  const rules = kinds.find(kind);
  if (rules === undefined) throw new MaruError(ErrorReason.ROOM_KIND_NOT_ALLOWED, { metadata: { kind } });
  if (rules.creators !== undefined && !rules.creators.has(caller)) {
    throw new MaruError(ErrorReason.ROOM_KIND_NOT_ALLOWED, {
      metadata: { kind },
      message: `the service ${caller} may not create rooms of the kind ${kind}`,
    });
  }
  return rules;
}
