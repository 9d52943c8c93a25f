import type { DatabaseSync } from "node:sqlite";
import type { WaitingMessage } from "./burst.ts";

type Place = Pick<WaitingMessage, "roomId" | "messageSeq">;

export function putWaiting(db: DatabaseSync, message: WaitingMessage): void {
  const { roomId, seq, messageSeq, senderId, text, receivedAtMs } = message;
  db.prepare(`
    INSERT INTO waiting (room_id, seq, message_seq, sender_id, text, received_at_ms) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`).run(roomId, seq, messageSeq, senderId, text, receivedAtMs);
}

export function changeText(db: DatabaseSync, { roomId, messageSeq }: Place, text: string): void {
  db.prepare("UPDATE waiting SET text = ? WHERE room_id = ? AND message_seq = ?").run(text, roomId, messageSeq);
}

/** Nobody is to be told of this message any more. */
export function dropMessage(db: DatabaseSync, { roomId, messageSeq }: Place): void {
  for (const table of ["waiting", "held"]) {
    db.prepare(`DELETE FROM ${table} WHERE room_id = ? AND message_seq = ?`).run(roomId, messageSeq);
  }
}

export function dropSender(db: DatabaseSync, roomId: string, senderId: string): void {
  for (const table of ["waiting", "held"]) {
    db.prepare(`DELETE FROM ${table} WHERE room_id = ? AND sender_id = ?`).run(roomId, senderId);
  }
}

export function putHeld(db: DatabaseSync, { roomId, messageSeq }: Place, senderId: string): void {
  const put = db.prepare("INSERT OR IGNORE INTO held (room_id, message_seq, sender_id) VALUES (?, ?, ?)");
  put.run(roomId, messageSeq, senderId);
}

/** The sender of a held message; it is held no longer. */
export function takeHeld(db: DatabaseSync, { roomId, messageSeq }: Place): string | undefined {
  const take = db.prepare("DELETE FROM held WHERE room_id = ? AND message_seq = ? RETURNING sender_id");
  return take.get(roomId, messageSeq)?.sender_id as string | undefined;
}
