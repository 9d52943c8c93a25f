import { LRUCache } from "lru-cache";

export type OrderDecision =
  | { readonly kind: "emit" }
  /** This entry, or a later one of its room, was emitted already. */
  | { readonly kind: "repeat" }
  /** The entries `from` to `to` must be emitted first; then ask again. */
  | { readonly kind: "hole"; readonly from: number; readonly to: number };

/** Sees to it that one reader of a shard emits the entries of each room one after the other. */
export interface RoomOrder {
  /** To decide to emit an entry is to count it as emitted. */
  decide(roomId: string, seq: number): OrderDecision;
  /** Whether the room's position is known, so that a hole would be noticed. */
  knows(roomId: string): boolean;
  /** Counts the room's entries up to `seq` as emitted. */
  place(roomId: string, seq: number): void;
}

/**
 * Knows a room from the first entry that it sees of it, so it must live as long as one uninterrupted read from a
 * checkpoint. A room that more than `maxRooms` others have pushed out is as one never seen: its records still come in
 * the stream's order, only a hole would go unnoticed.
 */
export function createRoomOrder(maxRooms: number): RoomOrder {
  const lastSeqOf = new LRUCache<string, number>({ max: maxRooms });
  return {
    decide(roomId, seq) {
      const lastSeq = lastSeqOf.get(roomId);
      if (lastSeq !== undefined && seq <= lastSeq) return { kind: "repeat" };
      if (lastSeq !== undefined && seq > lastSeq + 1) return { kind: "hole", from: lastSeq + 1, to: seq - 1 };
      lastSeqOf.set(roomId, seq);
      return { kind: "emit" };
    },
    knows: (roomId) => lastSeqOf.has(roomId),
    place: (roomId, seq) => void lastSeqOf.set(roomId, seq),
  };
}
