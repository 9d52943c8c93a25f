import { DatabaseSync } from "node:sqlite";

/** Opens the index, and makes it when it is not there. `:memory:` is one that nobody keeps. */
export function openIndex(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL;
    -- What is committed survives the machine: Kafka will not bring again what this group has committed there.
    PRAGMA synchronous = FULL;
    PRAGMA busy_timeout = 5000;
    -- What was deleted or erased is overwritten, in the tables and in the index.
    PRAGMA secure_delete = ON;
    CREATE TABLE IF NOT EXISTS positions (
      consumer_group TEXT NOT NULL, room_id TEXT NOT NULL, seq INTEGER NOT NULL,
      PRIMARY KEY (consumer_group, room_id)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS messages (
      id INTEGER PRIMARY KEY, room_id TEXT NOT NULL, seq INTEGER NOT NULL, sender TEXT NOT NULL, sent_at TEXT NOT NULL,
      UNIQUE (room_id, seq)
    );
    CREATE INDEX IF NOT EXISTS messages_by_sender ON messages (room_id, sender);
    CREATE TABLE IF NOT EXISTS members (
      user_id TEXT NOT NULL, room_id TEXT NOT NULL, PRIMARY KEY (user_id, room_id)
    ) WITHOUT ROWID;
    CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
    INSERT INTO texts (texts, rank) VALUES ('secure-delete', 1);
  `);
  return db;
}
