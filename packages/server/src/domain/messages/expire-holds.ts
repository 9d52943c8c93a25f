import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ActorSchema, CancelMessageRequestSchema, ErrorReason, HoldState, SystemActorSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append } from "../log/append.ts";
import { toRequestKey } from "../log/request-key.ts";
import type { EntryPlace, LoggedEntry } from "../store.ts";
import { toCancellation } from "./hold.ts";
import { requireTarget } from "./target.ts";
import { hasExpired } from "./visible.ts";

/** When holds that were open at the last walk run out: those need not be read again until then. */
export type OpenHolds = ReadonlyMap<string, number>;

export interface HoldWalk {
  readonly signal: AbortSignal;
  readonly known: OpenHolds;
  /** Between two pages. */
  readonly pause: () => Promise<void>;
  readonly onExpired: (place: EntryPlace) => void;
  /** The hold could not be ended, and the next walk finds it again. */
  readonly onFailed: (place: EntryPlace, error: MaruError) => void;
}

const caller = "maru";
const method = { name: "maru.jobs/ExpireHolds" };
const pageSize = 100;
const maxKnown = 100_000;

/**
 * Looks through all held messages and writes the cancellation of those that have run out. Several servers may do so at
 * once: who comes second finds nothing to write.
 */
export async function expireHolds(domain: Domain, walk: HoldWalk): Promise<OpenHolds> {
  const open = new Map<string, number>();
  let after: EntryPlace | undefined;
  for (;;) {
    walk.signal.throwIfAborted();
    const page = await domain.store.listHeldMessages(after, pageSize);
    for (const place of page) {
      const expiresAtMs = walk.known.get(keyOf(place)) ?? (await readExpiry(domain, place));
      if (expiresAtMs === undefined) continue;
      if (expiresAtMs <= domain.log.clock.nowMs()) await expireOne(domain, walk, place);
      else if (open.size < maxKnown) open.set(keyOf(place), expiresAtMs);
    }
    after = page.at(-1);
    if (page.length < pageSize) return open;
    await walk.pause();
  }
}

async function expireOne(domain: Domain, walk: HoldWalk, place: EntryPlace): Promise<void> {
  try {
    const logged = await writeExpiry(domain, { caller, method, signal: walk.signal }, place);
    if (logged !== undefined) walk.onExpired(place);
  } catch (error) {
    if (!(error instanceof MaruError) || error.reason === ErrorReason.STORE_UNAVAILABLE) throw error;
    walk.onFailed(place, error);
  }
}

/** Also in a room that is closed: nobody else will ever end the hold there. */
function writeExpiry({ log, store }: Domain, call: Call, { roomId, seq }: EntryPlace) {
  const actor = create(ActorSchema, { kind: { case: "system", value: create(SystemActorSchema) } });
  const request = create(CancelMessageRequestSchema, { roomId, actor, seq });
  return append(log, call, {
    roomId,
    actor,
    key: toRequestKey(caller, actor, "", log.newKey, CancelMessageRequestSchema, request),
    userIds: [],
    load: () => store.readEntry(roomId, seq),
    decide(state, next, loaded) {
      const target = requireTarget(state, loaded, seq, next);
      if (!hasExpired(target.message, next.nowMs)) return undefined;
      return toCancellation(target, { expired: true, reason: "" });
    },
  });
}

/** Undefined for a message that is no longer held: the index follows the table with a delay. */
async function readExpiry({ store }: Domain, { roomId, seq }: EntryPlace): Promise<number | undefined> {
  return expiryOf(await store.readEntry(roomId, seq));
}

function expiryOf(logged: LoggedEntry | undefined): number | undefined {
  const body = logged?.entry.body;
  if (body?.case !== "messageSent" || body.value.holdState !== HoldState.HELD) return undefined;
  return body.value.holdExpiresAt && timestampMs(body.value.holdExpiresAt);
}

function keyOf({ roomId, seq }: EntryPlace): string {
  return `${roomId}/${seq}`;
}
