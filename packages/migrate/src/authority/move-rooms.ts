import { setTimeout as sleep } from "node:timers/promises";
import { inParallel } from "@maru/server/domain/in-parallel.ts";
import { importSettingsOf } from "../mapping/import-settings-of.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { toRoomId } from "../room-log/import-settings.ts";
import { connectSource, type SourceClient } from "../source/source-client.ts";
import type { Target } from "../target/connect-target.ts";
import { handBack } from "../target/hand-back.ts";
import { readRoomCursor } from "../target/room-cursor.ts";
import { moveOthersSql, moveSql } from "./authority-sql.ts";
import { chooseRooms, type RoomChoice } from "./choose-rooms.ts";

export interface MoveOptions {
  readonly source: string;
  readonly mapping: Mapping;
  readonly target: Target;
  readonly choice: RoomChoice;
  /** Rooms that are moved together; so many wait for each other. */
  readonly batchRooms: number;
  /** How long a batch may wait for `follow`, or `reverse`, to do its part. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (moved: number) => void;
}

/** The other program did not do its part. What was begun is finished when it runs. */
export class NotMovedError extends Error {
  override readonly name = "NotMovedError";
}

/**
 * Rooms live in Maru from now on. PostgreSQL refuses writes to them from the moment of the commit; `follow` meets the move in
 * its place among the changes, behind everything that was written before, and lets Maru take writes. Between the two nobody
 * can write: that is how long `follow` is behind.
 */
export async function cutOver(options: MoveOptions): Promise<number> {
  const { source, mapping, target, choice } = options;
  await using client = await connectSource(source);
  const settings = importSettingsOf(mapping);
  let moved = 0;
  for await (const batch of batchesOf(client, options)) {
    const known = await inParallel(batch, 16, async (id) =>
      (await readRoomCursor(target, toRoomId(settings, id))) === undefined ? [] : [id],
    );
    const ids = known.flat();
    await moveInSource(client, moveSql(ids, "maru"), ids.length === 0);
    await until(options, "follow", async () => {
      const cursors = await inParallel(ids, 16, (id) => readRoomCursor(target, toRoomId(settings, id)));
      return cursors.every((cursor) => cursor?.room.authority === "");
    });
    moved += ids.length;
    options.onProgress(moved);
  }
  if (choice.kind === "all") await moveInSource(client, moveOthersSql("maru"), false);
  return moved;
}

/**
 * Rooms live in PostgreSQL again. Maru refuses writes to them from the entry on that says so; `reverse` meets it behind
 * everything that was written before, brings the read positions, and lets PostgreSQL take writes.
 */
export async function cutBack(options: MoveOptions): Promise<number> {
  const { source, mapping, target, choice } = options;
  await using client = await connectSource(source);
  const settings = importSettingsOf(mapping);
  if (choice.kind === "all") await moveInSource(client, moveOthersSql("postgresql"), false);
  let moved = 0;
  for await (const batch of batchesOf(client, options)) {
    const handed = await inParallel(batch, 16, async (id) =>
      (await handBack(target, settings, toRoomId(settings, id))) ? [id] : [],
    );
    const ids = handed.flat();
    await until(options, "reverse", async () => {
      const sql =
        "select count(*) as count from maru_migrate.authority where room_id = any($1::bigint[]) and side = 'maru'";
      const [left] = await client.rows(sql, [batch]);
      return left?.count === "0";
    });
    moved += ids.length;
    options.onProgress(moved);
  }
  return moved;
}

async function* batchesOf(
  client: SourceClient,
  { mapping, choice, batchRooms, signal }: MoveOptions,
): AsyncGenerator<string[]> {
  for await (const page of chooseRooms(client, mapping, choice)) {
    for (let at = 0; at < page.length; at += batchRooms) {
      signal.throwIfAborted();
      yield page.slice(at, at + batchRooms);
    }
  }
}

const lockNotAvailable = "55P03";
const maxTries = 120;

/** Gives up sooner than PostgreSQL looks for deadlocks, so that it is never a chat's transaction that has to. */
async function moveInSource(client: SourceClient, sql: string, nothing: boolean): Promise<void> {
  if (nothing) return;
  for (let tries = 1; ; tries++) {
    try {
      await client.raw.query(`begin; set local lock_timeout = '500ms'; ${sql}; commit`);
      return;
    } catch (error) {
      await client.raw.query("rollback");
      if ((error as { code?: string }).code !== lockNotAvailable || tries === maxTries) throw error;
      await sleep(Math.random() * 200);
    }
  }
}

async function until({ patienceMs, signal }: MoveOptions, who: string, isDone: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + patienceMs; !(await isDone()); ) {
    if (Date.now() > endMs) {
      throw new NotMovedError(
        `maru-migrate ${who} has not taken over within ${patienceMs} ms: is it running? The move is noted, and done when it is; the same command waits again`,
      );
    }
    await sleep(50, undefined, { signal });
  }
}
