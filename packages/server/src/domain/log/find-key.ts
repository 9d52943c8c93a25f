import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { LoggedEntry } from "../store.ts";
import { type Log, retentionMinAgeMs } from "./log.ts";
import { addOlder, coversSince } from "./recent-keys.ts";
import { lookBackToMs, type RequestKey } from "./request-key.ts";
import { denseRun, entriesOf, type RoomView } from "./view.ts";

const readBackPage = 500;

export type KeySearch =
  | { readonly kind: "new" }
  | { readonly kind: "used"; readonly seq: number }
  /** As far as the view goes: an entry behind its tail may be the answer. */
  | { readonly kind: "refused"; readonly refusal: MaruError };

/**
 * Looks up to the view's tail for the entry that carries this key. Exact: every entry since the key's birth, less the
 * allowed skew, is known or read back; a key for which that cannot be done is refused.
 */
export async function findKey(log: Log, view: RoomView, key: RequestKey, nowMs: number): Promise<KeySearch> {
  if (key.bornAtMs !== undefined && key.bornAtMs > nowMs + log.limits.keyMaxSkewMs) {
    return { kind: "refused", refusal: inFuture(log, nowMs) };
  }
  const known = view.keys.uses.get(key.scope);
  if (known !== undefined) return { kind: "used", seq: known.seq };
  if (key.madeHere) return { kind: "new" };
  const sinceMs = lookBackToMs(key, nowMs, log.limits.keyMaxSkewMs);
  let readBack = 0;
  while (!coversSince(view.keys, sinceMs)) {
    if (readBack >= log.limits.keyReadBackEntries) return { kind: "refused", refusal: tooOld(view) };
    const found = await readOlder(log, view);
    readBack += found;
    const use = view.keys.uses.get(key.scope);
    if (use !== undefined) return { kind: "used", seq: use.seq };
    if (found === 0) {
      // Retention was here. It never touches what was appended within a day: no younger key can have been there, and
      // keys that do not say their age are promised no more than that day.
      const isYoung = sinceMs > nowMs - retentionMinAgeMs + log.limits.keyMaxSkewMs;
      if (key.bornAtMs === undefined || isYoung) return { kind: "new" };
      return { kind: "refused", refusal: tooOld(view) };
    }
  }
  return { kind: "new" };
}

async function readOlder(log: Log, view: RoomView): Promise<number> {
  const page: LoggedEntry[] = await log.store.readEntries({
    roomId: view.roomId,
    before: view.keys.fromSeq,
    newestFirst: true,
    limit: readBackPage,
  });
  const follows = page[0]?.entry.seq === view.keys.fromSeq - 1;
  const run = follows ? entriesOf(denseRun(page)) : [];
  addOlder(view.keys, run.reverse());
  return run.length;
}

function inFuture(log: Log, nowMs: number): MaruError {
  return new MaruError(ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE, {
    metadata: { server_time: new Date(nowMs).toISOString(), max_skew_ms: log.limits.keyMaxSkewMs },
  });
}

function tooOld(view: RoomView): MaruError {
  return new MaruError(ErrorReason.IDEMPOTENCY_KEY_TOO_OLD, { metadata: { room_id: view.roomId } });
}
