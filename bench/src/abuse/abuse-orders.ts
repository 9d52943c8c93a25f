import type { RoomDoor } from "../fanout/enter-room.ts";

export const abuses = ["slow readers", "floods", "large frames"] as const;
export type Abuse = (typeof abuses)[number];

export interface Attack {
  readonly abuse: Abuse;
  readonly abusers: number;
  readonly door: RoomDoor;
  /** An abuser that was refused comes again so long after it came, not sooner. */
  readonly againMs: number;
}

/** What became of the abusers. */
export interface AttackResult {
  /** How often one of them was let in. */
  readonly entered: number;
  /** How often one of them was not even let in. */
  readonly failed: number;
  /** How often the gateway ended one of them, by close code. */
  readonly closes: Readonly<Record<string, number>>;
  /** What they gave their sockets to send; the gateway need not have read it. */
  readonly offeredBytes: number;
}

/** What the process of the abusers can be asked to do. */
export type AbuseOrders = {
  /** Resolves when all abusers are at it: each was refused once, or does not read. */
  begin(attack: Attack): Promise<void>;
  end(): Promise<AttackResult>;
};
