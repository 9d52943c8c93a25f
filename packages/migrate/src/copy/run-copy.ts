import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { checkMapping } from "../mapping/check-mapping.ts";
import { importSettingsOf } from "../mapping/import-settings-of.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { SourceTable } from "../room-log/source-rows.ts";
import { openSnapshot, type SourceSnapshot } from "../source/open-snapshot.ts";
import { prepareSource, slotOf } from "../source/prepare-source.ts";
import { connectSource, quoteName, type SourceClient } from "../source/source-client.ts";
import { SourceError } from "../source/source-error.ts";
import { createSourceQueries } from "../source/source-queries.ts";
import { createBatchWriter } from "../target/batch-writer.ts";
import type { Target } from "../target/connect-target.ts";
import { type ControlItems, createControlItems } from "../target/control-items.ts";
import { createWriteBudget } from "../target/write-budget.ts";
import { openChunkFiles } from "./chunk-files.ts";
import { copyChunk } from "./copy-chunk.ts";
import {
  type Chunk,
  type CopyState,
  type Counts,
  chunkKey,
  chunkPrefix,
  copyKey,
  sumCounts,
  toChunks,
} from "./copy-state.ts";

export interface CopyOptions {
  readonly source: string;
  readonly mapping: Mapping;
  readonly target: Target;
  readonly migration: string;
  /** Where rejects and the mapping of ids go. */
  readonly folder: string;
  readonly parallel: number;
  readonly unitsPerSecond: number | undefined;
  readonly roomsPerChunk: number;
  /** Forget what was copied, and the slot, and begin again. */
  readonly restart: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CopyProgress) => void;
}

export interface CopyProgress {
  readonly rooms: number;
  readonly messages: number;
  readonly rejected: number;
  readonly chunksDone: number;
  readonly chunkCount: number;
  readonly roomsTotal: number;
}

export interface CopyReport {
  readonly counts: Readonly<Record<SourceTable, Counts>>;
  readonly slot: string;
  readonly position: string;
  readonly writeUnits: number;
  readonly seconds: number;
}

/**
 * Copies all rooms. A copy that was killed goes on with what is not done: what was begun is done again from its start, from a
 * new snapshot. Each room notes of which snapshot it is, so that following passes over what is in it.
 */
export async function runCopy(options: CopyOptions): Promise<CopyReport> {
  const { source, mapping, migration, target } = options;
  await using admin = await connectSource(source);
  await checkMapping(admin, mapping);
  // Several may copy at once, and one of them plans.
  await admin.rows("select pg_advisory_lock(hashtext($1))", [planLock(migration)]);
  await prepareSource(admin, mapping, migration);
  const control = createControlItems(target, migration);
  const begunAtMs = Date.now();
  const { state, snapshot } = await begin(options, admin, control);
  await admin.rows("select pg_advisory_unlock(hashtext($1))", [planLock(migration)]);
  await using _snapshot = snapshot;
  let writeUnits = 0;
  let chunks: Chunk[] = [];
  do {
    // What another process has under way is waited for, and taken over if that one dies.
    if (chunks.length > 0) await sleep(1_000, undefined, { signal: options.signal });
    writeUnits += await copyOpenChunks(options, control, state, snapshot);
    chunks = (await Array.fromAsync(control.list<Chunk>(chunkPrefix))).map(({ value }) => value);
  } while (chunks.some(({ status }) => status !== "done"));
  const counts = sumCounts(chunks.flatMap((chunk) => chunk.counts ?? []));
  return { counts, slot: state.slot, position: state.position, writeUnits, seconds: (Date.now() - begunAtMs) / 1000 };
}

const planLock = (migration: string) => `maru-migrate plan ${migration}`;

/** Held by whoever copies a chunk, and gone with its connection: two at once would mix rooms of two snapshots. */
async function tryChunk(client: SourceClient, migration: string, key: string): Promise<boolean> {
  const [lock] = await client.rows("select pg_try_advisory_lock(hashtext($1), hashtext($2)) as got", [migration, key]);
  return lock?.got === "t";
}

async function begin(
  { source, mapping, migration, restart, roomsPerChunk }: CopyOptions,
  admin: SourceClient,
  control: ControlItems,
): Promise<{ state: CopyState; snapshot: SourceSnapshot }> {
  const slot = slotOf(migration);
  const mappingHash = hashOf(mapping);
  const known = await control.get<CopyState>(copyKey);
  const [found] = await admin.rows(
    "select slot_name, active, wal_status from pg_replication_slots where slot_name = $1",
    [slot],
  );
  if (known !== undefined && !restart) {
    if (known.mappingHash !== mappingHash)
      throw new SourceError(
        "the mapping is not the one with which the copy began: take that one, or begin again with --restart",
      );
    if (found === undefined || found.wal_status === "lost") throw slotLost(slot);
    return { state: known, snapshot: await openSnapshot(source) };
  }
  // A slot that nobody noted tells of nothing that was copied.
  if (found !== undefined) await admin.raw.query(`select pg_drop_replication_slot('${slot}')`);
  const snapshot = await openSnapshot(source, slot);
  try {
    const state = await planChunks({ mapping, roomsPerChunk }, control, snapshot, slot, known?.chunkCount ?? 0);
    return { state, snapshot };
  } catch (error) {
    await snapshot[Symbol.asyncDispose]();
    throw error;
  }
}

async function planChunks(
  { mapping, roomsPerChunk }: Pick<CopyOptions, "mapping" | "roomsPerChunk">,
  control: ControlItems,
  snapshot: SourceSnapshot,
  slot: string,
  before: number,
): Promise<CopyState> {
  await using client = await snapshot.connect();
  const bounds = await client.rows(createSourceQueries(mapping).everyNthRoom(roomsPerChunk));
  const chunks = toChunks(bounds.map(({ id }) => id ?? ""));
  // After a restart with larger chunks there are fewer: those that are left over are empty.
  const empty = Array.from({ length: Math.max(0, before - chunks.length) }, (): Chunk => ({ ...nothing }));
  // What an earlier copy left in the table is not known: every chunk counts as begun where there was one.
  const status = before > 0 ? "started" : "open";
  const all = [...chunks.map((chunk): Chunk => ({ ...chunk, status })), ...empty];
  await control.putAll(all.map((value, index) => ({ key: chunkKey(index), value })));
  const state: CopyState = {
    mappingHash: hashOf(mapping),
    slot,
    position: snapshot.position,
    startedAt: new Date().toISOString(),
    chunkCount: all.length,
  };
  await control.put(copyKey, state);
  return state;
}

const nothing: Chunk = { status: "done", after: "0", upTo: "0" };

async function copyOpenChunks(
  { target, mapping, migration, folder, parallel, unitsPerSecond, signal, onProgress }: CopyOptions,
  control: ControlItems,
  state: CopyState,
  snapshot: SourceSnapshot,
): Promise<number> {
  const files = await openChunkFiles(folder);
  const budget = createWriteBudget(unitsPerSecond);
  const open: { key: string; value: Chunk }[] = [];
  const progress = { rooms: 0, messages: 0, rejected: 0, chunksDone: 0, chunkCount: state.chunkCount, roomsTotal: 0 };
  for await (const chunk of control.list<Chunk>(chunkPrefix)) {
    if (chunk.value.status !== "done") open.push(chunk);
    else {
      const counts = chunk.value.counts;
      progress.chunksDone++;
      progress.rooms += counts?.rooms.source ?? 0;
      progress.messages += counts?.messages.source ?? 0;
      progress.rejected += Object.values(counts ?? {}).reduce((sum, { rejected }) => sum + rejected, 0);
    }
  }
  const queries = createSourceQueries(mapping);
  const settings = importSettingsOf(mapping);
  const failing = new AbortController();
  const stop = AbortSignal.any([signal, failing.signal]);
  const work = async () => {
    await using client = await snapshot.connect();
    for (let next = open.shift(); next !== undefined && !stop.aborted; next = open.shift()) {
      const { key } = next;
      if (!(await tryChunk(client, migration, key))) continue;
      // Another process may have done it since.
      const value = await control.get<Chunk>(key);
      if (value === undefined || value.status === "done") continue;
      const { after, upTo } = value;
      await control.put(key, { ...value, status: "started" });
      const spentBefore = budget.spent;
      const file = await files.open(key.replace("#", "-"));
      const counts = await copyChunk(
        {
          ...{ client, queries, settings, target, file, position: snapshot.position },
          writer: createBatchWriter(target, budget, stop),
          again: value.status === "started",
          nowMs: Date.now,
          onProgress(step) {
            progress.rooms += step.rooms;
            progress.messages += step.messages;
            progress.rejected += step.rejected;
            onProgress(progress);
          },
        },
        { after, upTo },
      );
      const writeUnits = budget.spent - spentBefore;
      await control.put(key, { after, upTo, status: "done", position: snapshot.position, counts, writeUnits });
      progress.chunksDone++;
      onProgress(progress);
    }
  };
  const workers = Array.from({ length: Math.min(parallel, Math.max(1, open.length)) }, () =>
    work().catch((error: unknown) => {
      failing.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  if (failing.signal.aborted) throw failing.signal.reason;
  signal.throwIfAborted();
  return budget.spent;
}

function hashOf({ rooms, participants, messages, attachments, target }: Mapping): string {
  const tables = [rooms, participants, messages, attachments].map(
    (table) => table && [table.schema, table.table, [...table.columns].sort()],
  );
  return createHash("sha256")
    .update(JSON.stringify([tables, target]))
    .digest("hex")
    .slice(0, 16);
}

/** What happened since the copy began cannot be known any more. */
export function slotLost(slot: string): SourceError {
  return new SourceError(
    `the replication slot ${quoteName(slot)} is gone, or PostgreSQL has dropped its log: what happened since the copy began is ` +
      "not known. `maru-migrate copy --restart` makes a new slot and copies all rooms again; rooms that were cut over must be cut back first",
  );
}
