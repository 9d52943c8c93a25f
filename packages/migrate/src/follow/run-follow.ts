import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createDynamoStore } from "@maru/server/store/dynamodb-store.ts";
import { type Chunk, type CopyState, chunkPrefix, copyKey } from "../copy/copy-state.ts";
import { slotLost } from "../copy/run-copy.ts";
import { importSettingsOf } from "../mapping/import-settings-of.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { toRoomId } from "../room-log/import-settings.ts";
import type { MessageWithAttachments } from "../room-log/imported-message.ts";
import { slotOf } from "../source/prepare-source.ts";
import { readOneMessage } from "../source/read-message.ts";
import { connectSource, type SourceClient } from "../source/source-client.ts";
import { SourceError } from "../source/source-error.ts";
import type { Target } from "../target/connect-target.ts";
import { createControlItems } from "../target/control-items.ts";
import { type RoomCursor, readRoomCursor } from "../target/room-cursor.ts";
import { type ApplyDeps, applyChange } from "./apply-change.ts";
import { createRecentMap } from "./recent-map.ts";
import { type SourceTransaction, startReplication } from "./replication.ts";
import { createRoomLanes } from "./room-lanes.ts";
import { type PlacedChange, toRoomChanges } from "./to-room-changes.ts";

export interface FollowOptions {
  readonly source: string;
  readonly mapping: Mapping;
  readonly target: Target;
  readonly migration: string;
  /** Changes that cannot be written go to `follow-rejects.ndjson` there. */
  readonly folder: string;
  readonly parallel: number;
  /** End when everything is written that was committed by then. */
  readonly untilCaughtUp: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: FollowProgress) => void;
}

export interface FollowProgress {
  readonly transactions: number;
  readonly written: number;
  readonly rejected: number;
  readonly wrongSide: number;
  /** Of the source's log that is not written here yet. */
  readonly lagBytes: number;
  /** How long ago the last transaction that is written was committed, while there are others; 0 when there are none. */
  readonly lagMs: number;
}

const maxTries = 20;
const lookEveryMs = 500;

/**
 * Writes what PostgreSQL commits into the rooms that live there, room by room in the order of the commits, until it is stopped.
 * The slot moves only behind what is written: killed, it goes on from there, and what was written already is known by its place.
 */
export async function runFollow(options: FollowOptions): Promise<FollowProgress> {
  const { source, mapping, target, migration, folder, signal } = options;
  await using admin = await connectSource(source);
  const slot = slotOf(migration);
  await requireCopied(admin, options, slot);
  await mkdir(folder, { recursive: true });
  await using reader = await connectSource(source);
  const settings = importSettingsOf(mapping);
  const recent = createRecentMap<number>(200_000);
  const cursors = createRecentMap<RoomCursor>(50_000);
  const deps: ApplyDeps = {
    settings,
    target,
    store: createDynamoStore({ client: target.client, tableName: target.table }),
    nowMs: Date.now,
    recent,
    readMessage: (id): Promise<MessageWithAttachments | undefined> => readOneMessage(reader, mapping, id),
  };
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const lanes = createRoomLanes(options.parallel, 5_000, failed.reject);
  const progress = { transactions: 0, written: 0, rejected: 0, wrongSide: 0, lagBytes: 0, lagMs: 0 };
  const unfinished: { readonly endLsn: string; readonly committedAtMs: number; left: number }[] = [];

  async function writeChange(roomId: string, { change }: PlacedChange): Promise<void> {
    for (let tries = 0; ; tries++) {
      const known = cursors.get(roomId);
      const isKnown = known !== undefined;
      const cursor = known ?? (await readRoomCursor(target, roomId));
      if (cursor !== undefined) cursors.set(roomId, cursor);
      const applied = await applyChange(deps, roomId, cursor, change);
      // What is known of the room may be older than a cut-back.
      if (applied.kind === "rejected" && applied.reason === "wrong_side" && isKnown) {
        cursors.delete(roomId);
        continue;
      }
      if (applied.kind === "written") progress.written++;
      if (applied.kind === "rejected") {
        if (applied.reason === "wrong_side") progress.wrongSide++;
        else progress.rejected++;
        const { reason, detail } = applied;
        await appendFile(
          join(folder, "follow-rejects.ndjson"),
          `${JSON.stringify({ roomId, reason, detail, position: change.position })}\n`,
        );
      }
      // What was read of the room may be older than what a cut-over or a cut-back made of it.
      if (applied.kind === "rejected" || applied.kind === "lost") cursors.delete(roomId);
      if (applied.kind !== "lost") return;
      if (tries === maxTries) throw new Error(`room ${roomId} is written by somebody else all the time`);
    }
  }

  async function onTransaction(transaction: SourceTransaction): Promise<void> {
    const changes = toRoomChanges(mapping, transaction);
    const { endLsn, committedAtMs } = transaction;
    const entry = { endLsn, committedAtMs, left: 1 };
    unfinished.push(entry);
    progress.transactions++;
    const finish = () => {
      entry.left--;
      let last: string | undefined;
      while (unfinished[0]?.left === 0) last = unfinished.shift()?.endLsn;
      if (last !== undefined) void replication.acknowledge(last).catch(() => undefined);
    };
    for (const placed of changes) {
      // What reverse brings was in Maru before.
      if (transaction.isReverse && placed.change.kind !== "moved") continue;
      const sourceRoomId = placed.roomId ?? (placed.messageId && (await deps.readMessage(placed.messageId))?.roomId);
      if (!sourceRoomId) continue;
      const roomId = toRoomId(settings, sourceRoomId);
      entry.left++;
      await lanes.add(roomId, () => writeChange(roomId, placed), finish);
    }
    finish();
  }

  const [goal] = await admin.rows("select pg_current_wal_lsn() as lsn");
  const replication = await startReplication(
    { source, slot, publication: slot },
    onTransaction,
    () => unfinished.length === 0,
  );
  const stopped = Promise.withResolvers<void>();
  const onAbort = () => stopped.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) stopped.resolve();
  const timer = setInterval(() => {
    void look(admin, slot, goal?.lsn ?? "0/0").then((seen) => {
      progress.lagBytes = seen.lagBytes;
      progress.lagMs = unfinished[0] === undefined ? 0 : Date.now() - unfinished[0].committedAtMs;
      options.onProgress({ ...progress });
      if (options.untilCaughtUp && seen.isThere && unfinished.length === 0) stopped.resolve();
    }, failed.reject);
  }, lookEveryMs);
  try {
    await Promise.race([stopped.promise, replication.done, failed.promise]);
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", onAbort);
    await lanes.stop();
    await replication.stop();
  }
  return { ...progress };
}

async function look(admin: SourceClient, slot: string, goal: string): Promise<{ lagBytes: number; isThere: boolean }> {
  const [seen] = await admin.rows(
    "select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) as lag, confirmed_flush_lsn >= $2::pg_lsn - 1 as there from pg_replication_slots where slot_name = $1",
    [slot, goal],
  );
  if (seen === undefined) throw slotLost(slot);
  return { lagBytes: Number(seen.lag), isThere: seen.there === "t" };
}

async function requireCopied(admin: SourceClient, { migration, target }: FollowOptions, slot: string): Promise<void> {
  const control = createControlItems(target, migration);
  const state = await control.get<CopyState>(copyKey);
  if (state === undefined)
    throw new SourceError(`the migration "${migration}" has copied nothing yet: run maru-migrate copy first`);
  for await (const { value } of control.list<Chunk>(chunkPrefix)) {
    if (value.status !== "done")
      throw new SourceError("the copy is not finished: run maru-migrate copy again, it goes on");
  }
  const [found] = await admin.rows("select wal_status from pg_replication_slots where slot_name = $1", [slot]);
  if (found === undefined || found.wal_status === "lost") throw slotLost(slot);
}
