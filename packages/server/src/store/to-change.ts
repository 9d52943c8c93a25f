import type { Change, IgnoredWhy } from "../domain/change.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { fromItem } from "./items.ts";
import { itemKind } from "./keys.ts";

/** A stream's record, as far as it matters here. */
export interface ChangeRecord {
  readonly eventName?: string | undefined;
  readonly dynamodb?:
    | {
        readonly ApproximateCreationDateTime?: Date | undefined;
        readonly Keys?: AttributeMap | undefined;
        readonly NewImage?: AttributeMap | undefined;
        readonly OldImage?: AttributeMap | undefined;
      }
    | undefined;
}

/** What a record says. Never throws. */
export function toChange(record: ChangeRecord): Change {
  const { eventName, dynamodb = {} } = record;
  const roomId = dynamodb.Keys?.room_id?.S ?? "";
  const sortKey = dynamodb.Keys?.sk?.S ?? "";
  if (eventName === "REMOVE") return ignored("removed");
  if (eventName !== "INSERT" && eventName !== "MODIFY") return ignored("unknown_event_name");
  const key = itemKind(sortKey);
  switch (key.kind) {
    case "entry":
      return eventName === "INSERT" ? newEntry(record, roomId, sortKey, key.seq) : ignored("entry_modified");
    case "member":
      return memberChange(record, roomId, key.userId);
    case "meta":
      return ignored("room_state");
    case "unknown":
      return sortKey.startsWith("log#")
        ? { kind: "poison", why: "its sort key is no number", roomId, sortKey }
        : ignored("unknown_item");
  }
}

function newEntry({ dynamodb = {} }: ChangeRecord, roomId: string, sortKey: string, seq: number): Change {
  const item = dynamodb.NewImage;
  if (item === undefined) return { kind: "poison", why: "the record has no image of it", roomId, sortKey };
  // Known without decoding: there may be very many.
  if (item.imported !== undefined) return { kind: "imported_entry", roomId, seq };
  const entry = fromItem(item);
  const { type, body } = entry.entry;
  if (entry.unreadable !== undefined) return { kind: "poison", why: entry.unreadable, roomId, sortKey };
  if (body.case === undefined) return { kind: "unknown_entry", type, roomId, seq };
  const committedAtMs = dynamodb.ApproximateCreationDateTime?.getTime() ?? entry.appendedAtMs;
  return { kind: "entry", entry, committedAtMs };
}

function memberChange({ dynamodb = {} }: ChangeRecord, roomId: string, userId: string): Change {
  const readSeq = readSeqOf(dynamodb.NewImage);
  if (importedAt(dynamodb.NewImage) !== importedAt(dynamodb.OldImage)) return ignored("imported_member");
  if (readSeq > readSeqOf(dynamodb.OldImage)) return { kind: "read_marker", roomId, userId, readSeq };
  return ignored("member_state");
}

function readSeqOf(item: AttributeMap | undefined): number {
  return Number(item?.read_seq?.N ?? 0);
}

/** Whoever imports a member leaves the place in the source from which it was taken. */
function importedAt(item: AttributeMap | undefined): string | undefined {
  return item?.import_position?.S;
}

function ignored(why: IgnoredWhy): Change {
  return { kind: "ignored", why };
}
