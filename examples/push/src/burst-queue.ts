import type { DatabaseSync } from "node:sqlite";
import { type Burst, dueBursts, type WaitingMessage } from "./burst.ts";

/** Closes the bursts whose time is over: what comes from now on belongs to the next one, also after a crash. */
export function closeDueBursts(db: DatabaseSync, windowMs: number, nowMs: number): void {
  const close = db.prepare("UPDATE waiting SET burst_seq = ? WHERE room_id = ? AND seq = ? AND burst_seq IS NULL");
  db.exec("BEGIN IMMEDIATE");
  try {
    const open = db.prepare("SELECT * FROM waiting WHERE burst_seq IS NULL").all().map(toMessage);
    for (const { roomId, messages } of dueBursts(open, windowMs, nowMs)) {
      for (const { seq } of messages) close.run(messages[0]?.seq ?? 0, roomId, seq);
    }
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** The closed bursts of which people have not been told for sure. */
export function closedBursts(db: DatabaseSync): Burst[] {
  const closed = db.prepare("SELECT * FROM waiting WHERE burst_seq IS NOT NULL ORDER BY room_id, seq").all();
  const bursts = Map.groupBy(closed, (row) => JSON.stringify([row.room_id, row.sender_id, row.burst_seq]));
  return [...bursts.values()].map((rows) => {
    const messages = rows.map(toMessage);
    return { roomId: messages[0]?.roomId ?? "", senderId: messages[0]?.senderId ?? "", messages };
  });
}

/** People were told. */
export function removeBurst(db: DatabaseSync, { roomId, messages }: Burst): void {
  const remove = db.prepare("DELETE FROM waiting WHERE room_id = ? AND seq = ?");
  for (const { seq } of messages) remove.run(roomId, seq);
}

function toMessage(row: Record<string, unknown>): WaitingMessage {
  return {
    roomId: row.room_id as string,
    seq: row.seq as number,
    messageSeq: row.message_seq as number,
    senderId: row.sender_id as string,
    text: row.text as string,
    receivedAtMs: row.received_at_ms as number,
  };
}
