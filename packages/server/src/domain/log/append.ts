import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Actor, Entry } from "@maru/protocol";
import { EntrySchema, ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { LoggedEntry, PutOutcome, StateChange } from "../store.ts";
import { catchUp, fill, keep, loadState } from "./catch-up.ts";
import { changesState } from "./changes-state.ts";
import { entryType } from "./entry-type.ts";
import { findKey } from "./find-key.ts";
import type { RoomState } from "./fold.ts";
import { requireLivesHere } from "./lives-here.ts";
import type { Log } from "./log.ts";
import { keyScopeOf, type RequestKey } from "./request-key.ts";
import { learn, type RoomView } from "./view.ts";

/** What a verb wants to write. */
export interface Intent<Loaded = undefined> {
  readonly roomId: string;
  readonly actor: Actor;
  readonly key: RequestKey;
  /** The users whose membership the decision looks at. */
  readonly userIds: readonly string[];
  /**
   * Reads what else the decision looks at, strongly consistent: earlier entries of the room. It is read after the tail
   * and again when the tail has moved, so that the put proves it as it proves the state.
   */
  readonly load?: () => Promise<Loaded>;
  /** Pure. Throws MaruError to refuse; undefined when there is nothing to write. May be called several times. */
  decide(state: RoomState, next: NextEntry, loaded: Loaded): Draft | undefined;
}

interface LoadedAt<Loaded> {
  readonly value: Loaded;
  readonly tailSeq: number;
  readonly atTurn: number;
}

export interface NextEntry {
  readonly seq: number;
  readonly nowMs: number;
  /** What the entry will say of its time: not before that of the entry before it. */
  readonly createdAtMs: number;
}

export interface Draft {
  readonly body: Entry["body"];
  /** What changes beside the log. */
  readonly change?: StateChange;
}

/**
 * The only loop in the write path: puts the entry at the number after the tail, and catches up and decides again when
 * somebody else was faster. Returns the entry of this or of an earlier try with the same key; undefined when there was
 * nothing to write. A put proves the state that was decided on; a refusal, or nothing to write, is answered only after
 * a strongly consistent read that began after the call arrived and after the state was read: what was read piece by
 * piece is then folded up to one moment.
 */
export function append<Loaded = undefined>(
  log: Log,
  call: Call,
  intent: Intent<Loaded>,
): Promise<LoggedEntry | undefined> {
  const arrivedAtTurn = log.turn();
  return log.queue.run(intent.roomId, () => appendInTurn(log, call, intent, arrivedAtTurn));
}

async function appendInTurn<Loaded>(log: Log, call: Call, intent: Intent<Loaded>, arrivedAtTurn: number) {
  const startedAtMs = log.clock.nowMs();
  let loaded: LoadedAt<Loaded> | undefined;
  let caughtUp: RoomView | undefined;
  for (let attempt = 0; attempt < log.limits.appendMaxAttempts; attempt++) {
    call.signal.throwIfAborted();
    // One reading serves the age of the tail, the key's check and created_at: the window of the key is then exact.
    const view: RoomView = caughtUp ?? (await usableView(log, intent.roomId));
    caughtUp = undefined;
    const nowMs = log.clock.nowMs();
    if (nowMs - startedAtMs > log.limits.appendTimeoutMs) break;

    const search = await findKey(log, view, intent.key, nowMs);
    if (search.kind === "used") return firstAnswer(await readFound(log, view, search.seq), intent);
    if (!(await loadState(log, view, intent.userIds)) || view.state === undefined) throw roomNotFound(intent.roomId);

    if (loaded?.tailSeq !== view.tailSeq) loaded = await loadFor(log, intent, view.tailSeq);
    const next = { seq: view.tailSeq + 1, nowMs, createdAtMs: Math.max(nowMs, view.tailCreatedAtMs) };
    const decision = search.kind === "refused" ? search : decide(intent, view.state, next, loaded.value);
    if ("refusal" in decision || decision.draft === undefined) {
      if (view.readAtTurn < Math.max(arrivedAtTurn, view.stateReadAtTurn, loaded.atTurn)) {
        // Not from the cache: it may have dropped the view, and another one would have to catch up again.
        caughtUp = await catchUp(log, view);
        continue;
      }
      if ("refusal" in decision) throw decision.refusal;
      return undefined;
    }

    if (log.clock.nowMs() - nowMs > log.limits.appendTimeoutMs) continue;
    const logged = toLoggedEntry(view, intent, call, decision.draft, next);
    const outcome = await put(log, logged, decision.draft.change);
    switch (outcome.kind) {
      case "stored":
        proveByPut(log, view, logged, nowMs);
        log.onStored?.(logged.entry);
        return logged;
      case "taken": {
        log.onLost?.();
        // Nobody may have won: what was loaded may be gone, removed by retention.
        loaded = undefined;
        if (outcome.winner !== undefined && isOurs(outcome.winner.entry, intent)) {
          proveByPut(log, view, outcome.winner, nowMs);
          log.onStored?.(outcome.winner.entry);
          return firstAnswer(outcome.winner, intent);
        }
        await afterLoss(log, view, outcome.winner);
        break;
      }
      case "conflict":
        await log.sleep(log.random() * log.limits.lossPauseMaxMs);
    }
  }
  throw new MaruError(ErrorReason.APPEND_CONTENDED, { metadata: { room_id: intent.roomId }, retryAfterMs: 50 });
}

/** A view whose tail may still be used for a put, and is not likely to lose it. */
async function usableView(log: Log, roomId: string): Promise<RoomView> {
  const cached = log.views.get(roomId);
  const view = cached === undefined ? await fill(log, roomId) : await refreshed(log, cached);
  if (view === undefined) throw roomNotFound(roomId);
  return view;
}

async function refreshed(log: Log, view: RoomView): Promise<RoomView | undefined> {
  const ageMs = log.clock.nowMs() - view.provenAtMs;
  const contested = !view.tailIsOurs || view.lostLastPut;
  const expired = ageMs > log.limits.cachedTailMaxAgeMs || ageMs < 0;
  if (expired || (contested && ageMs > log.limits.contestedTailMaxAgeMs)) return catchUp(log, view);
  return view;
}

async function loadFor<Loaded>(log: Log, intent: Intent<Loaded>, tailSeq: number): Promise<LoadedAt<Loaded>> {
  // Without `load` the type says that nothing is loaded.
  if (intent.load === undefined) return { value: undefined as Loaded, tailSeq, atTurn: 0 };
  const value = await intent.load();
  return { value, tailSeq, atTurn: log.turn() };
}

function decide<Loaded>(
  intent: Intent<Loaded>,
  state: RoomState,
  next: NextEntry,
  loaded: Loaded,
): { draft: Draft | undefined } | { refusal: MaruError } {
  try {
    requireLivesHere(state.room);
    return { draft: intent.decide(state, next, loaded) };
  } catch (error) {
    if (error instanceof MaruError) return { refusal: error };
    throw error;
  }
}

function toLoggedEntry(
  view: RoomView,
  intent: Pick<Intent, "actor" | "key">,
  call: Call,
  draft: Draft,
  { seq, nowMs, createdAtMs }: NextEntry,
): LoggedEntry {
  const entry = create(EntrySchema, {
    roomId: view.roomId,
    seq,
    type: entryType(draft.body),
    actor: intent.actor,
    caller: call.caller,
    createdAt: timestampFromMs(createdAtMs),
    stateSeq: changesState(draft.change) ? seq : view.stateSeq,
    idempotencyKey: intent.key.value,
    traceparent: call.traceparent ?? "",
    body: draft.body,
  });
  return { entry, requestHash: intent.key.requestHash, appendedAtMs: nowMs };
}

function put(log: Log, logged: LoggedEntry, change: StateChange | undefined): Promise<PutOutcome> {
  return change === undefined ? log.store.putEntry(logged) : log.store.putEntryWithState(logged, change);
}

function proveByPut(log: Log, view: RoomView, logged: LoggedEntry, nowMs: number): void {
  learn(view, logged, true);
  view.provenAtMs = nowMs;
  view.lostLastPut = false;
  keep(log, view);
}

async function afterLoss(log: Log, view: RoomView, winner: LoggedEntry | undefined): Promise<void> {
  view.lostLastPut = true;
  if (winner?.entry.seq === view.tailSeq + 1) learn(view, winner, false);
  await log.sleep(log.random() * log.limits.lossPauseMaxMs);
  await catchUp(log, view);
}

function isOurs(entry: Entry, intent: Pick<Intent, "key">): boolean {
  return keyScopeOf(entry) === intent.key.scope;
}

/** The key was used before: by the same request, or its use is refused. An erased entry has no hash; its key decides. */
export function firstAnswer(found: LoggedEntry, intent: Pick<Intent, "key" | "roomId">): LoggedEntry {
  if (found.requestHash === undefined || found.requestHash === intent.key.requestHash) return found;
  throw new MaruError(ErrorReason.IDEMPOTENCY_KEY_REUSED, {
    metadata: { room_id: intent.roomId, seq: found.entry.seq },
  });
}

async function readFound(log: Log, view: RoomView, seq: number): Promise<LoggedEntry> {
  const found = await log.store.readEntry(view.roomId, seq);
  if (found === undefined)
    throw new MaruError(ErrorReason.IDEMPOTENCY_KEY_TOO_OLD, { metadata: { room_id: view.roomId } });
  return found;
}

export function roomNotFound(roomId: string): MaruError {
  return new MaruError(ErrorReason.ROOM_NOT_FOUND, { metadata: { room_id: roomId } });
}
