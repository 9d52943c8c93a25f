import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { LoggedEntry } from "../store.ts";
import { type Log, retentionMinAgeMs } from "./log.ts";
import { addOlder, coversSince } from "./recent-keys.ts";
import { lookBackToMs, type RequestKey } from "./request-key.ts";
import { denseRun, type RoomView } from "./view.ts";

const readBackPage = 500;

/**
 * The number of the entry that carries this key, if there is one up to the view's tail. Exact: every entry since the
 * key's birth, less the allowed skew, is known or read back; a key for which that cannot be done is refused.
 */
export async function findKey(log: Log, view: RoomView, key: RequestKey, nowMs: number): Promise<number | undefined> {
  if (key.bornAtMs !== undefined && key.bornAtMs > nowMs + log.limits.keyMaxSkewMs) {
    throw new MaruError(ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE, {
      metadata: { server_time: new Date(nowMs).toISOString(), max_skew_ms: log.limits.keyMaxSkewMs },
    });
  }
  const known = view.keys.uses.get(key.scope);
  if (known !== undefined) return known.seq;
  if (key.madeHere) return undefined;
  const sinceMs = lookBackToMs(key, nowMs, log.limits.keyMaxSkewMs);
  let readBack = 0;
  while (!coversSince(view.keys, sinceMs)) {
    if (readBack >= log.limits.keyReadBackEntries) throw tooOld(view);
    const found = await readOlder(log, view);
    readBack += found;
    const use = view.keys.uses.get(key.scope);
    if (use !== undefined) return use.seq;
    if (found === 0) {
      // Retention was here. It never touches what was appended within a day: no younger key can have been there, and
      // keys that do not say their age are promised no more than that day.
      const isYoung = sinceMs > nowMs - retentionMinAgeMs + log.limits.keyMaxSkewMs;
      if (key.bornAtMs === undefined || isYoung) return undefined;
      throw tooOld(view);
    }
  }
  return undefined;
}

async function readOlder(log: Log, view: RoomView): Promise<number> {
  const page: LoggedEntry[] = await log.store.readEntries({
    roomId: view.roomId,
    before: view.keys.fromSeq,
    newestFirst: true,
    limit: readBackPage,
  });
  const follows = page[0]?.entry.seq === view.keys.fromSeq - 1;
  const run = follows ? denseRun(page) : [];
  addOlder(view.keys, run.reverse());
  return run.length;
}

function tooOld(view: RoomView): MaruError {
  return new MaruError(ErrorReason.IDEMPOTENCY_KEY_TOO_OLD, { metadata: { room_id: view.roomId } });
}
