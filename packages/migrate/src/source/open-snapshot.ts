import { Client } from "pg";
import { type Position, snapshotPosition } from "../room-log/position.ts";
import { connectSource, quoteName, type SourceClient } from "./source-client.ts";

/** The source as it was at one place of its log. Every transaction that was committed before it is in, none after. */
export interface SourceSnapshot extends AsyncDisposable {
  readonly position: Position;
  /** A connection that sees this snapshot and nothing else. */
  connect(): Promise<SourceClient>;
}

/**
 * Makes a replication slot, and with it a snapshot that ends exactly where the slot begins. Without a name the slot lasts as
 * long as the snapshot: to read once more when the slot that is followed is there already.
 */
export async function openSnapshot(url: string, slotName?: string): Promise<SourceSnapshot> {
  const replication = new Client({
    connectionString: url,
    replication: "database",
    application_name: "maru-migrate",
  } as object);
  replication.on("error", () => undefined);
  await replication.connect();
  try {
    const name = slotName ?? `maru_read_${process.pid}_${Date.now().toString(36)}`;
    const lasting = slotName === undefined ? "TEMPORARY " : "";
    const { rows } = await replication.query<{ consistent_point: string; snapshot_name: string }>(
      `CREATE_REPLICATION_SLOT ${quoteName(name)} ${lasting}LOGICAL pgoutput EXPORT_SNAPSHOT`,
    );
    const [slot] = rows;
    if (slot === undefined) throw new Error("PostgreSQL made a slot without saying which");
    return {
      position: snapshotPosition(slot.consistent_point),
      async connect() {
        const client = await connectSource(url);
        await client.raw.query("begin transaction isolation level repeatable read read only");
        await client.raw.query(`set transaction snapshot '${slot.snapshot_name}'`);
        return client;
      },
      [Symbol.asyncDispose]: () => replication.end(),
    };
  } catch (error) {
    await replication.end().catch(() => undefined);
    throw error;
  }
}
