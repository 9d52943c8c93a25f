import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Entry, type Member, RoomSchema } from "@maru/protocol";
import { fold, type RoomState } from "../log/fold.ts";
import { retentionMinAgeMs } from "../log/log.ts";
import { bornAtMs, keyScopeOf } from "../log/request-key.ts";

/** What a room's log says, entry by entry, and what is wrong with it. Of an entry only what is needed is kept. */
export interface LogCheck {
  readonly lastSeq: number;
  readonly entryCount: number;
  /** Rises with each entry that changes room, members or pins. */
  readonly changeCount: number;
  /** As folded from the log; undefined where that cannot be done. */
  readonly state: RoomState | undefined;
  add(entry: Entry): void;
}

/** Keys that do not say their age are promised for a day, and may be used again after it. */
const plainKeyMs = retentionMinAgeMs;

export function createLogCheck(purgedBelow: number, say: (problem: string) => void): LogCheck {
  const keys = new Map<string, { readonly seq: number; readonly atMs: number }>();
  const last = { seq: 0, atMs: 0, stateSeq: 0 };
  const counts = { entries: 0, changes: 0 };
  let state: RoomState | undefined;

  function checkNumber({ seq, stateSeq }: Entry, atMs: number): void {
    const expected = Math.max(last.seq + 1, purgedBelow);
    if (seq > expected) say(`entries ${expected} to ${seq - 1} are missing`);
    if (atMs < last.atMs) say(`entry ${seq} was made before the one in front of it`);
    if (stateSeq < last.stateSeq || stateSeq > seq) say(`entry ${seq} names ${stateSeq} as the last change of state`);
  }

  function checkKey(entry: Entry, atMs: number): void {
    const scope = keyScopeOf(entry);
    const first = keys.get(scope);
    const isPromised = bornAtMs(entry.idempotencyKey) !== undefined || atMs - (first?.atMs ?? 0) < plainKeyMs;
    if (first !== undefined && isPromised) {
      say(`entries ${first.seq} and ${entry.seq} carry the same idempotency key`);
    }
    keys.set(scope, { seq: entry.seq, atMs });
  }

  function foldIn(entry: Entry): void {
    if (entry.seq === 1) state = created(entry, say);
    else if (last.seq === 0) say("entry 1, the room's creation, is missing");
    else if (state !== undefined && !fold(state, entry)) {
      say(`entry ${entry.seq} has the type "${entry.type}", which is not known here`);
      state = undefined;
    }
    const { case: type } = entry.body;
    const isPin = type === "messagePinned" || type === "messageUnpinned" || type === "messageDeleted";
    if (entry.stateSeq === entry.seq || isPin) counts.changes++;
  }

  return {
    get lastSeq() {
      return last.seq;
    },
    get entryCount() {
      return counts.entries;
    },
    get changeCount() {
      return counts.changes;
    },
    get state() {
      return state;
    },
    add(entry) {
      const atMs = entry.createdAt === undefined ? 0 : timestampMs(entry.createdAt);
      checkNumber(entry, atMs);
      checkKey(entry, atMs);
      foldIn(entry);
      Object.assign(last, { seq: entry.seq, atMs, stateSeq: entry.stateSeq });
      counts.entries++;
    },
  };
}

function created(entry: Entry, say: (problem: string) => void): RoomState | undefined {
  if (entry.body.case !== "roomCreated") {
    say("entry 1 is not the room's creation");
    return undefined;
  }
  const { title, attributes, members, directUserIds } = entry.body.value;
  const room = create(RoomSchema, { title, attributes, directUserIds, memberCount: members.length, stateSeq: 1 });
  const state = { room, members: new EveryMember() };
  fold(state, entry);
  return state;
}

/** The fold keeps members that were asked for: here all are. */
class EveryMember extends Map<string, Member | undefined> {
  override has(): boolean {
    return true;
  }
}
