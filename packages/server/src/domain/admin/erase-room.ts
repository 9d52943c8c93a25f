import { create } from "@bufbuild/protobuf";
import { ActorSchema, UserErasedSchema } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { append } from "../log/append.ts";
import { madeKey } from "../log/request-key.ts";
import { hasContent } from "../messages/emptied.ts";
import type { LoggedEntry, Store } from "../store.ts";
import { type ErasedAt, erasureOf } from "./erasure.ts";
import { type ErasureUnit, erasureChanges } from "./erasure-changes.ts";

const pageEntries = 200;
/** So many entries in a row one step looks at. */
const windowEntries = 40;

const system = create(ActorSchema, { kind: { case: "system", value: {} } });
const anywhere: ErasedAt = { seq: 1, nowMs: 0 };

export interface Erasure {
  readonly roomId: string;
  readonly userId: string;
}

/** How far an erasure is in its room. */
export interface EraseStep {
  readonly after: number;
  /** The room's log has an entry that tells of it. */
  readonly isTold: boolean;
  readonly changed: number;
}

/**
 * Erases what a user has written in a room. Each step that changes something is an entry `user_erased` together with the
 * entries that it changes, so that no edit or reaction that is under way can bring the content back, and every cache
 * learns of it. Repeatable: what is erased already is passed over. The room gets at least one such entry for the user.
 */
export async function* eraseRoom(
  domain: Domain,
  call: Call,
  { roomId, userId }: Erasure,
  startAt: Omit<EraseStep, "changed"> = { after: 0, isTold: false },
): AsyncGenerator<EraseStep, void> {
  let { after, isTold } = startAt;
  for (;;) {
    call.signal.throwIfAborted();
    const page = await domain.store.readEntries({ roomId, after, limit: pageEntries });
    isTold ||= page.some(({ entry }) => entry.body.case === "userErased" && entry.body.value.userId === userId);
    const first = await firstToErase(domain.store, page, userId);
    if (first !== undefined) {
      const step = await eraseFrom(domain, call, roomId, userId, first);
      after = step.through;
      // A step that found nothing any more wrote nothing.
      isTold ||= step.changed > 0;
      yield { after, isTold, changed: step.changed };
      continue;
    }
    const last = page.at(-1)?.entry.seq;
    if (last === undefined || page.length < pageEntries) break;
    after = last;
    yield { after, isTold, changed: 0 };
  }
  if (!isTold) await appendErased(domain, call, roomId, userId);
}

async function firstToErase(store: Store, page: readonly LoggedEntry[], userId: string): Promise<number | undefined> {
  for (const logged of page) {
    if (erasureOf(logged, userId, anywhere) !== undefined) return logged.entry.seq;
    if (await isOrphan(store, logged)) return logged.entry.seq;
  }
  return undefined;
}

async function isOrphan(store: Store, logged: LoggedEntry): Promise<boolean> {
  const { body, roomId } = logged.entry;
  if (body.case !== "messageCommitted" && body.case !== "cardUpdated") return false;
  if (!hasContent(logged)) return false;
  return (await store.readEntry(roomId, body.value.targetSeq)) === undefined;
}

async function eraseFrom(domain: Domain, call: Call, roomId: string, userId: string, first: number) {
  const { store, log } = domain;
  let step = { changed: 0, through: first };
  await append(log, call, {
    roomId,
    actor: system,
    key: madeKey(call.caller, system, log.newKey()),
    userIds: [],
    load: () => readWindow(store, roomId, first, userId),
    decide(_state, next, units) {
      const { changes, through } = erasureChanges(units, userId, next);
      const isStarted = changes.length > 0 && through < first;
      step = { changed: changes.length, through: isStarted ? first - 1 : Math.max(through, first) };
      if (changes.length === 0) return undefined;
      return { ...erasedBody(userId, changes.length), change: { entries: changes } };
    },
  });
  return step;
}

/** A room in which nothing was the user's gets the entry all the same: whoever keeps copies is told. */
async function appendErased({ log }: Domain, call: Call, roomId: string, userId: string): Promise<void> {
  const intent = { roomId, actor: system, key: madeKey(call.caller, system, log.newKey()), userIds: [] };
  await append(log, call, { ...intent, decide: () => erasedBody(userId, 0) });
}

function erasedBody(userId: string, entryCount: number) {
  return { body: { case: "userErased" as const, value: create(UserErasedSchema, { userId, entryCount }) } };
}

async function readWindow(store: Store, roomId: string, first: number, userId: string): Promise<ErasureUnit[]> {
  const window = await store.readEntries({ roomId, after: first - 1, limit: windowEntries });
  return Promise.all(
    window.map(async (logged): Promise<ErasureUnit> => {
      const carriers = isBy(logged, userId) ? await readCarriers(store, logged) : [];
      return { logged, carriers, isOrphan: await isOrphan(store, logged) };
    }),
  );
}

function isBy({ entry }: LoggedEntry, userId: string): boolean {
  return entry.actor?.kind.case === "userId" && entry.actor.kind.value === userId;
}

function readCarriers(store: Store, { entry, record }: LoggedEntry): Promise<LoggedEntry[]> {
  return store.readEntriesAt(entry.roomId, record?.contentSeqs ?? []);
}
