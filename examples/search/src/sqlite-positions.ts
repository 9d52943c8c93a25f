import type { DatabaseSync } from "node:sqlite";
import type { PositionStore } from "@maru/client/events";

/**
 * Positions of rooms in the database that the handlers write into, in the same transactions. This is all that an adapter
 * takes: begin, look whether the event was processed already, work, store the position, commit.
 */
export function sqlitePositions(db: DatabaseSync): PositionStore<DatabaseSync> {
  const find = db.prepare("SELECT seq FROM positions WHERE consumer_group = ? AND room_id = ?");
  const store = db.prepare(`
    INSERT INTO positions (consumer_group, room_id, seq) VALUES (?, ?, ?)
    ON CONFLICT (consumer_group, room_id) DO UPDATE SET seq = excluded.seq`);
  const ensure = db.prepare("INSERT OR IGNORE INTO positions (consumer_group, room_id, seq) VALUES (?, ?, 0)");
  const positionOf = (group: string, roomId: string) => find.get(group, roomId)?.seq as number | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** A connection has one transaction at a time: the handlers of several rooms take turns. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  }

  return {
    load: async (group, roomId) => positionOf(group, roomId),
    ensure: (_tx, { group, roomId }) => void ensure.run(group, roomId),
    process({ group, roomId, seq }, work) {
      return inTurn(async () => {
        db.exec("BEGIN IMMEDIATE");
        try {
          if ((positionOf(group, roomId) ?? 0) >= seq) {
            db.exec("ROLLBACK");
            return "repeat";
          }
          await work(db);
          store.run(group, roomId, seq);
          db.exec("COMMIT");
          return "processed";
        } catch (error) {
          // Some errors have ended the transaction already, a full disk for example.
          if (db.isTransaction) db.exec("ROLLBACK");
          throw error;
        }
      });
    },
  };
}
