import type { Repair } from "../domain/repair.ts";
import { repairText } from "./repair-watch.ts";
import type { RepairWork } from "./repair-work.ts";
import { ShardBlockedError } from "./shard-blocked.ts";
import { stallText } from "./shard-pulse.ts";
import type { ShardWorker } from "./shard-worker.ts";

export type RelayReadiness =
  | { readonly ready: true; readonly note?: string }
  | { readonly ready: false; readonly why: string };

export interface RelayHealth {
  readonly workers: Iterable<ShardWorker>;
  readonly repair: Repair | undefined;
  readonly repairWork: Pick<RepairWork, "trouble" | "stall">;
  /** When the shards were last looked up; undefined before the first time. */
  readonly scannedAtMs: number | undefined;
  readonly scanError: unknown;
  readonly nowMs: number;
  /** Trouble that passes by itself within this time is none. */
  readonly toleratedMs: number;
}

export function relayReadiness(health: RelayHealth): RelayReadiness {
  const { scannedAtMs, scanError, nowMs, toleratedMs, repair, repairWork } = health;
  if (scannedAtMs === undefined) return notReady(`the shards are not known yet${because(scanError)}`);
  if (nowMs - scannedAtMs > toleratedMs) return notReady(`the shards cannot be looked up${because(scanError)}`);
  for (const { trouble, stall, shardId } of health.workers) {
    if (stall !== undefined) return notReady(`shard ${shardId} stands still: ${stallText(stall)}`);
    if (trouble?.blocked || (trouble !== undefined && nowMs - trouble.sinceMs > toleratedMs))
      return notReady(`shard ${shardId} stands still${because(trouble.error)}`);
  }
  const { trouble, stall } = repairWork;
  if (stall !== undefined) return notReady(`the repair stands still: ${stallText(stall)}`);
  if (trouble?.blocked || (trouble !== undefined && nowMs - trouble.sinceMs > toleratedMs))
    return notReady(`the repair stands still${because(trouble.error)}`);
  if (repair !== undefined) return { ready: true, note: `changes were missed, and the relay ${repairText(repair)}` };
  return { ready: true };
}

function notReady(why: string): RelayReadiness {
  return { ready: false, why };
}

function because(error: unknown): string {
  if (error === undefined) return "";
  if (error instanceof ShardBlockedError) return `: ${error.message}`;
  return `: ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`;
}
