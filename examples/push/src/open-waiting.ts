import { DatabaseSync } from "node:sqlite";

/** Opens the file of what is to be told yet, and makes it when it is not there. `:memory:` is one that nobody keeps. */
export function openWaiting(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL;
    -- What is committed survives the machine: Kafka will not bring again what this group has committed there.
    PRAGMA synchronous = FULL;
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS positions (
      consumer_group TEXT NOT NULL, room_id TEXT NOT NULL, seq INTEGER NOT NULL,
      PRIMARY KEY (consumer_group, room_id)
    ) WITHOUT ROWID;
    -- burst_seq is set when a burst is complete and about to be told: what comes later belongs to another one.
    CREATE TABLE IF NOT EXISTS waiting (
      room_id TEXT NOT NULL, seq INTEGER NOT NULL, message_seq INTEGER NOT NULL, sender_id TEXT NOT NULL,
      text TEXT NOT NULL, received_at_ms INTEGER NOT NULL, burst_seq INTEGER,
      PRIMARY KEY (room_id, seq)
    ) WITHOUT ROWID;
    -- Who sent the held messages: the event of a commit names the service that committed.
    CREATE TABLE IF NOT EXISTS held (
      room_id TEXT NOT NULL, message_seq INTEGER NOT NULL, sender_id TEXT NOT NULL,
      PRIMARY KEY (room_id, message_seq)
    ) WITHOUT ROWID;
  `);
  return db;
}
