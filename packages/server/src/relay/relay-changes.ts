import type { LoggedEntry, Store } from "../domain/store.ts";
import { entrySortKey, itemKind } from "../store/keys.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { EventPipeline } from "./event-pipeline.ts";
import type { RoomOrder } from "./in-order.ts";
import { type Hole, type HolePart, readHole, unknownEntryType } from "./read-hole.ts";
import type { RelayMetrics } from "./relay-metrics.ts";
import type { ChangeRecord } from "./table-stream.ts";
import {
  type EventOrigin,
  type OutgoingEvent,
  type RelayableChange,
  toEntryEvent,
  toEvent,
  toGapEvent,
} from "./to-event.ts";

export interface RelayChangesDeps {
  readonly store: Pick<Store, "readEntries" | "readRoom">;
  readonly metrics: RelayMetrics;
  readonly order: RoomOrder;
  readonly pipeline: EventPipeline;
  readonly deadLetters: DeadLetters;
  /**
   * While what was missed is being repaired: the first number of a room that may not have been emitted, of those below
   * `before`. Asked for rooms that are not known yet.
   */
  readonly firstUnsure?: ((roomId: string, before: number) => Promise<number>) | undefined;
}

/** Turns records into events, in order. Throws ShardBlockedError at the first that must not be passed over. */
export async function relayChanges(
  deps: RelayChangesDeps,
  records: readonly ChangeRecord[],
  origin: EventOrigin,
): Promise<void> {
  for (const record of records) {
    const { change, sequenceNumber, committedAtMs } = record;
    if (change.kind === "unknown_entry") throw unknownEntryType(change.type, change.roomId, change.seq);
    if (change.kind === "poison") await passOver(deps, record, change, origin);
    else if (change.kind === "entry") await relayEntry(deps, record, change, origin);
    else if (change.kind === "imported_entry") passImported(deps, change);
    else await relayOther(deps, change, origin);
    deps.pipeline.mark({ sequenceNumber, committedAtMs });
  }
}

/** The entries of a hole from the table, one after the other; where there is none, a gap. */
export async function emitHole(
  deps: Omit<RelayChangesDeps, "order">,
  hole: Hole,
  origin: EventOrigin,
  onPart: (seq: number) => void = () => undefined,
): Promise<void> {
  for await (const part of readHole(deps.store, hole)) {
    const seq = part.kind === "entry" ? part.entry.entry.seq : part.seq;
    onPart(seq);
    if (part.kind === "entry" && part.entry.entry.imported !== undefined) continue;
    await deps.pipeline.add(await toHealed(deps, hole.roomId, seq, part, origin));
    deps.metrics.healed.inc();
  }
}

/** What was imported is no hole for those that follow. */
function passImported({ order, metrics }: RelayChangesDeps, { roomId, seq }: ImportedChange): void {
  metrics.ignored.inc({ why: "imported" });
  if (order.knows(roomId)) order.place(roomId, seq);
}

type ImportedChange = Extract<RelayableChange, { kind: "imported_entry" }>;
type Poison = Extract<ChangeRecord["change"], { kind: "poison" }>;
type EntryChange = Extract<RelayableChange, { kind: "entry" }>;

async function relayOther(
  deps: RelayChangesDeps,
  change: Exclude<RelayableChange, EntryChange | ImportedChange>,
  origin: EventOrigin,
): Promise<void> {
  if (change.kind === "ignored") deps.metrics.ignored.inc({ why: change.why });
  const event = toEvent(change, origin);
  if (event !== undefined) await deps.pipeline.add(event);
}

async function relayEntry(deps: RelayChangesDeps, record: ChangeRecord, change: EntryChange, origin: EventOrigin) {
  const { roomId, seq } = change.entry.entry;
  const encoded = encode(change.entry, origin, change.committedAtMs);
  if (encoded.kind === "event") return emitInOrder(deps, { roomId, seq }, encoded.event, origin);
  return passOver(deps, record, { kind: "poison", why: encoded.why, roomId, sortKey: entrySortKey(seq) }, origin);
}

async function passOver(deps: RelayChangesDeps, record: ChangeRecord, poison: Poison, origin: EventOrigin) {
  const { roomId, sortKey, why } = poison;
  const seq = seqOf(sortKey);
  const { sequenceNumber, raw } = record;
  await deps.deadLetters.put({ kind: "poison_record", why, roomId, sortKey, seq, sequenceNumber, record: raw });
  if (seq === undefined) return;
  const streamedAtMs = record.committedAtMs;
  await emitInOrder(deps, { roomId, seq }, toGapEvent({ roomId, seq, why, streamedAtMs }, origin), origin);
}

async function emitInOrder(
  deps: RelayChangesDeps,
  { roomId, seq }: { readonly roomId: string; readonly seq: number },
  event: OutgoingEvent,
  origin: EventOrigin,
): Promise<void> {
  const { order, pipeline, metrics, firstUnsure } = deps;
  if (firstUnsure !== undefined && !order.knows(roomId)) order.place(roomId, (await firstUnsure(roomId, seq)) - 1);
  let decision = order.decide(roomId, seq);
  if (decision.kind === "hole") {
    await emitHole(deps, { roomId, ...decision }, origin, (healedSeq) => order.decide(roomId, healedSeq));
    decision = order.decide(roomId, seq);
  }
  if (decision.kind === "repeat") return metrics.repeats.inc();
  await pipeline.add(event);
}

async function toHealed(
  { deadLetters }: Pick<RelayChangesDeps, "deadLetters">,
  roomId: string,
  seq: number,
  part: HolePart,
  origin: EventOrigin,
): Promise<OutgoingEvent> {
  const healing = { ...origin, healed: true };
  const outcome = part.kind === "entry" ? encode(part.entry, healing) : { ...part };
  if (outcome.kind === "event") return outcome.event;
  if (outcome.kind === "purged") return toGapEvent({ roomId, seq, why: "retention has removed it" }, healing);
  const isMissing = outcome.kind === "missing";
  const why = isMissing ? "it is neither in the table's stream nor in the table" : outcome.why;
  const sortKey = entrySortKey(seq);
  await deadLetters.put({
    kind: isMissing ? "missing_entry" : "poison_record",
    ...{ why, roomId, sortKey, seq, sequenceNumber: undefined },
    // The item itself, if there is one, lies in the table under this key.
    record: { dynamodb: { Keys: { room_id: { S: roomId }, sk: { S: sortKey } } } },
  });
  return toGapEvent({ roomId, seq, why }, healing);
}

/** What the contract cannot hold would fail at every attempt. */
function encode(entry: LoggedEntry, origin: EventOrigin, committedAtMs = entry.appendedAtMs) {
  try {
    return { kind: "event", event: toEntryEvent({ kind: "entry", entry, committedAtMs }, origin) } as const;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { kind: "unreadable", why: `it cannot be written as an event: ${said}` } as const;
  }
}

const HIGHEST_SEQ = 0xffff_ffff;

function seqOf(sortKey: string): number | undefined {
  const key = itemKind(sortKey);
  return key.kind === "entry" && key.seq > 0 && key.seq <= HIGHEST_SEQ ? key.seq : undefined;
}
