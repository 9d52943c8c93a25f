import type { DatabaseSync } from "node:sqlite";

/** What to search for. */
export interface MessageQuery {
  /** A message is found when it has all of them, or words that begin with them. */
  readonly words: string;
  /** Only in rooms that this user is a member of. */
  readonly userId?: string | undefined;
  /** Only in this room. */
  readonly roomId?: string | undefined;
  readonly limit: number;
}

export interface FoundMessage {
  readonly roomId: string;
  readonly seq: number;
  readonly sender: string;
  readonly sentAt: string;
  /** A part of the text, with what was found in brackets. */
  readonly snippet: string;
}

/** The messages that fit best, the best first. Nothing when there are no words. */
export function searchMessages(db: DatabaseSync, { words, userId, roomId, limit }: MessageQuery): FoundMessage[] {
  const expression = toExpression(words);
  if (expression === "") return [];
  const rows = db
    .prepare(`
      SELECT m.room_id AS roomId, m.seq, m.sender, m.sent_at AS sentAt,
             snippet(texts, 0, '[', ']', '…', 12) AS snippet
      FROM texts JOIN messages m ON m.id = texts.rowid
      WHERE texts MATCH :expression
        AND (:roomId IS NULL OR m.room_id = :roomId)
        AND (:userId IS NULL OR m.room_id IN (SELECT room_id FROM members WHERE user_id = :userId))
      ORDER BY texts.rank, m.id DESC LIMIT :limit`)
    .all({ expression, roomId: roomId ?? null, userId: userId ?? null, limit });
  return rows.map((row) => ({ ...(row as unknown as FoundMessage) }));
}

/** In quotes nothing is an operator of FTS5: whatever people type is searched for. */
export function toExpression(words: string): string {
  const quoted = words.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return quoted.map((word) => `"${word.replaceAll('"', '""')}"*`).join(" ");
}
