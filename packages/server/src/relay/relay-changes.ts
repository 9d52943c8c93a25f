import type { Store } from "../domain/store.ts";
import type { EventPipeline } from "./event-pipeline.ts";
import type { RoomOrder } from "./in-order.ts";
import { readHole, unknownEntryType } from "./read-hole.ts";
import type { RelayMetrics } from "./relay-metrics.ts";
import { ShardBlockedError } from "./shard-blocked.ts";
import type { ChangeRecord } from "./table-stream.ts";
import { type EventOrigin, type RelayableChange, toEvent } from "./to-event.ts";

export interface RelayChangesDeps {
  readonly store: Pick<Store, "readEntries">;
  readonly metrics: RelayMetrics;
  readonly order: RoomOrder;
  readonly pipeline: EventPipeline;
}

/** Turns records into events, in order. Throws ShardBlockedError at the first that must not be passed over. */
export async function relayChanges(
  deps: RelayChangesDeps,
  records: readonly ChangeRecord[],
  origin: EventOrigin,
): Promise<void> {
  for (const { change, sequenceNumber, committedAtMs } of records) {
    if (change.kind === "unknown_entry") throw unknownEntryType(change.type, change.roomId, change.seq);
    if (change.kind === "poison") throw poisonRecord(change);
    await relayChange(deps, change, origin);
    deps.pipeline.mark({ sequenceNumber, committedAtMs });
  }
}

async function relayChange(deps: RelayChangesDeps, change: RelayableChange, origin: EventOrigin): Promise<void> {
  const { metrics, order, pipeline } = deps;
  if (change.kind === "ignored") metrics.ignored.inc({ why: change.why });
  if (change.kind === "entry") {
    const { roomId, seq } = change.entry.entry;
    let decision = order.decide(roomId, seq);
    if (decision.kind === "hole") {
      await healHole(deps, { roomId, ...decision }, origin);
      decision = order.decide(roomId, seq);
    }
    if (decision.kind === "repeat") return metrics.repeats.inc();
  }
  const event = toEvent(change, origin);
  if (event !== undefined) await pipeline.add(event);
}

async function healHole(
  deps: RelayChangesDeps,
  hole: { readonly roomId: string; readonly from: number; readonly to: number },
  origin: EventOrigin,
): Promise<void> {
  for await (const entry of readHole(deps.store, hole)) {
    const change = { kind: "entry", entry, committedAtMs: entry.appendedAtMs } as const;
    await relayChange(deps, change, { ...origin, healed: true });
    deps.metrics.healed.inc();
  }
}

function poisonRecord({ why, roomId, sortKey }: { why: string; roomId: string; sortKey: string }): ShardBlockedError {
  return new ShardBlockedError("poison_record", `the item ${roomId} ${sortKey} cannot be read as an entry: ${why}`);
}
