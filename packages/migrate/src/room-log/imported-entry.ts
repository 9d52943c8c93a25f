import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Actor, ActorSchema, type Entry, EntrySchema, ImportedSchema } from "@maru/protocol";
import { entryType } from "@maru/server/domain/log/entry-type.ts";
import type { LoggedEntry } from "@maru/server/domain/store.ts";
import { type ImportSettings, toUserId } from "./import-settings.ts";

/** What an entry is made of, beside its place. */
export interface ImportedDraft {
  /** `messages/8412`: what it was in the source, and its key here. */
  readonly sourceId: string;
  readonly actor: Actor;
  /** When it was made in the source, in microseconds. */
  readonly atMicros: number;
  readonly body: Entry["body"];
}

export interface EntryPlace {
  readonly roomId: string;
  readonly seq: number;
  readonly stateSeq: number;
  /** Times never go back in a room. */
  readonly notBeforeMs: number;
  readonly appendedAtMs: number;
}

/** The source's own time stays beside the entry's where the two differ. */
export function toImportedEntry(settings: ImportSettings, draft: ImportedDraft, place: EntryPlace): LoggedEntry {
  const createdAtMs = Math.max(place.notBeforeMs, Math.floor(draft.atMicros / 1000));
  const differs = draft.atMicros !== createdAtMs * 1000;
  const entry = create(EntrySchema, {
    roomId: place.roomId,
    seq: place.seq,
    type: entryType(draft.body),
    actor: draft.actor,
    caller: settings.caller,
    createdAt: timestampFromMs(createdAtMs),
    stateSeq: place.stateSeq,
    idempotencyKey: draft.sourceId,
    body: draft.body,
    imported: create(ImportedSchema, {
      sourceId: draft.sourceId,
      ...(differs && { createdAt: toTimestamp(draft.atMicros) }),
    }),
  });
  return { entry, requestHash: undefined, appendedAtMs: place.appendedAtMs };
}

export function toTimestamp(micros: number): Timestamp {
  const seconds = Math.floor(micros / 1_000_000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (micros - seconds * 1_000_000) * 1000 });
}

export function toMicros({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1_000_000 + Math.floor(nanos / 1000);
}

/** When an imported entry was made in the source; of any other, when it was made. */
export function sourceMicros({ imported, createdAt }: Pick<Entry, "imported" | "createdAt">): number {
  const at = imported?.createdAt ?? createdAt;
  return at === undefined ? 0 : toMicros(at);
}

export function userActor(settings: ImportSettings, userId: string | undefined): Actor {
  if (userId === undefined) return create(ActorSchema, { kind: { case: "system", value: {} } });
  return create(ActorSchema, { kind: { case: "userId", value: toUserId(settings, userId) } });
}
