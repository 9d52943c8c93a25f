import { hasContent, toEmptied } from "../messages/emptied.ts";
import type { EntryChange, LoggedEntry } from "../store.ts";
import { type ErasedAt, erasureOf } from "./erasure.ts";
import { storedBytes } from "./stored-bytes.ts";

/** Beside the entry itself a transaction has room for so many, with some to spare. */
const maxChanges = 95;
/** A transaction may hold 4 MB. What the entries were counts as what they become. */
const maxBytes = 3_000_000;

/** An entry, and the entries that carry content of the message that it is. */
export interface ErasureUnit {
  readonly logged: LoggedEntry;
  readonly carriers: readonly LoggedEntry[];
  /** It carries content of a message that retention has removed: whose it was is no longer known, so it goes too. */
  readonly isOrphan: boolean;
}

interface Weighed {
  readonly change: EntryChange;
  readonly bytes: number;
}

/** What one step changes. All entries up to `through` are then erased. */
export interface ErasureChanges {
  readonly changes: readonly EntryChange[];
  readonly through: number;
}

/**
 * As much from the first entry on as one transaction can change. A message that has too many entries with its content
 * for one step loses some of them first, and itself in a later one: it names them, and is found again. An entry may be
 * there twice, and is changed once.
 */
export function erasureChanges(units: readonly ErasureUnit[], userId: string, at: ErasedAt): ErasureChanges {
  const taken = new Map<number, EntryChange>();
  let [bytes, through] = [0, 0];
  const take = (weighed: readonly Weighed[]): boolean => {
    const more = weighed.reduce((sum, one) => sum + one.bytes, bytes);
    // One entry always fits: an item is a tenth of a transaction.
    const isOne = taken.size === 0 && weighed.length === 1;
    if (!isOne && (taken.size + weighed.length > maxChanges || more > maxBytes)) return false;
    for (const { change } of weighed) taken.set(change.seq, change);
    bytes = more;
    return true;
  };
  for (const unit of units) {
    const weighed = weigh(unit, userId, at).filter(({ change }) => !taken.has(change.seq));
    if (!take(weighed)) {
      // The first is the message itself.
      if (taken.size === 0) weighed.slice(1).every((carrier) => take([carrier]));
      break;
    }
    through = unit.logged.entry.seq;
  }
  return { changes: [...taken.values()], through };
}

function weigh({ logged, carriers, isOrphan }: ErasureUnit, userId: string, at: ErasedAt): Weighed[] {
  const own = erasureOf(logged, userId, at) ?? (isOrphan ? toEmptied(logged) : undefined);
  if (own === undefined) return [];
  const weighed = (before: LoggedEntry, change: EntryChange): Weighed => ({
    change,
    bytes:
      storedBytes(before.entry.body) +
      storedBytes(before.record) +
      storedBytes(change.body) +
      storedBytes(change.record),
  });
  // An edit by the user also loses the hash of its request.
  const emptied = (carrier: LoggedEntry) => erasureOf(carrier, userId, at) ?? toEmptied(carrier);
  return [weighed(logged, own), ...carriers.filter(hasContent).map((carrier) => weighed(carrier, emptied(carrier)))];
}
