import { appendFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Rejected } from "../room-log/source-rows.ts";

/** The files that a copy leaves beside the table, in parts: one for each chunk, whole or not there. */
export interface ChunkFiles {
  readonly folder: string;
  open(chunk: string): Promise<ChunkFile>;
}

export interface ChunkFile {
  addPlaces(roomId: string, places: readonly { readonly messageId: string; readonly seq: number }[]): Promise<void>;
  /** Both files are there in full then. */
  finish(rejected: readonly Rejected[]): Promise<void>;
}

const maxHeldChars = 1_000_000;

/** `mapping/` has Parquet files (message_id, room_id, seq), `rejects/` has lines of JSON. */
export async function openChunkFiles(folder: string): Promise<ChunkFiles> {
  const parts = { mapping: join(folder, "mapping"), rejects: join(folder, "rejects"), work: join(folder, "work") };
  for (const part of Object.values(parts)) await mkdir(part, { recursive: true });
  const duckdb = await DuckDBInstance.create(":memory:", { threads: "1", memory_limit: "256MB" });
  return {
    folder,
    async open(chunk) {
      const csv = join(parts.work, `${chunk}.csv`);
      await writeFile(csv, "");
      let lines = "";
      const flush = async () => {
        await appendFile(csv, lines);
        lines = "";
      };
      return {
        async addPlaces(roomId, places) {
          for (const { messageId, seq } of places) lines += `${messageId},${roomId},${seq}\n`;
          if (lines.length > maxHeldChars) await flush();
        },
        async finish(rejected) {
          await flush();
          const parquet = join(parts.mapping, `${chunk}.parquet`);
          const connection = await duckdb.connect();
          try {
            await connection.run(
              `copy (select * from read_csv(${quoted(csv)}, auto_detect = false, header = false,
                 columns = {message_id: 'BIGINT', room_id: 'VARCHAR', seq: 'UINTEGER'}))
               to ${quoted(`${parquet}.part`)} (format parquet, compression zstd)`,
            );
          } finally {
            connection.closeSync();
          }
          await rename(`${parquet}.part`, parquet);
          const file = join(parts.rejects, `${chunk}.ndjson`);
          await writeFile(`${file}.part`, rejected.map((one) => `${JSON.stringify(one)}\n`).join(""));
          await rename(`${file}.part`, file);
          await rm(csv);
        },
      };
    },
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
