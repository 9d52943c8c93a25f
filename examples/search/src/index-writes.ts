import type { DatabaseSync } from "node:sqlite";

/** A message, wherever its text stands. */
export interface IndexedMessage {
  readonly roomId: string;
  readonly seq: number;
  readonly sender: string;
  readonly sentAt: string;
}

/** Remembers who sent a message, also while it has no text: an edit or a commit may bring one. */
export function putMessage(db: DatabaseSync, { roomId, seq, sender, sentAt }: IndexedMessage): void {
  db.prepare(`
    INSERT INTO messages (room_id, seq, sender, sent_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (room_id, seq) DO NOTHING`).run(roomId, seq, sender, sentAt);
}

/** The text that a message is found by from now on; undefined: by none. A message that was erased stays so. */
export function putText(db: DatabaseSync, roomId: string, seq: number, text: string | undefined): void {
  const id = db.prepare("SELECT id FROM messages WHERE room_id = ? AND seq = ?").get(roomId, seq)?.id;
  if (id === undefined) return;
  db.prepare("DELETE FROM texts WHERE rowid = ?").run(id);
  if (text !== undefined) db.prepare("INSERT INTO texts (rowid, text) VALUES (?, ?)").run(id, text);
}

export function eraseSender(db: DatabaseSync, roomId: string, sender: string): void {
  const ofSender = "FROM messages WHERE room_id = ? AND sender = ?";
  db.prepare(`DELETE FROM texts WHERE rowid IN (SELECT id ${ofSender})`).run(roomId, sender);
  db.prepare(`DELETE ${ofSender}`).run(roomId, sender);
}

export function putMembers(db: DatabaseSync, roomId: string, userIds: readonly string[]): void {
  const put = db.prepare("INSERT OR IGNORE INTO members (user_id, room_id) VALUES (?, ?)");
  for (const userId of userIds) put.run(userId, roomId);
}

export function removeMembers(db: DatabaseSync, roomId: string, userIds: readonly string[]): void {
  const remove = db.prepare("DELETE FROM members WHERE user_id = ? AND room_id = ?");
  for (const userId of userIds) remove.run(userId, roomId);
}
