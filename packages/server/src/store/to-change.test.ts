import { expect, test } from "vitest";
import { textEntry } from "../../test/store-fixtures.ts";
import { toItem } from "./items.ts";
import { type ChangeRecord, toChange } from "./to-change.ts";

const at = new Date("2026-06-01T12:00:01Z");
const item = toItem(textEntry("r", 3));
const entryKeys = { room_id: { S: "r" }, sk: { S: "log#0000000003" } };
const memberKeys = { room_id: { S: "r" }, sk: { S: "member#ann" } };

function inserted(NewImage: NonNullable<ChangeRecord["dynamodb"]>["NewImage"], Keys = entryKeys): ChangeRecord {
  return { eventName: "INSERT", dynamodb: { ApproximateCreationDateTime: at, Keys, NewImage } };
}

function without(name: string) {
  return Object.fromEntries(Object.entries(item).filter(([key]) => key !== name));
}

test("the insert of an entry is that entry, with the time of its commit", () => {
  const change = toChange(inserted(item));
  expect(change).toMatchObject({ kind: "entry", committedAtMs: at.getTime() });
  expect(change.kind === "entry" && change.entry.entry).toMatchObject({ roomId: "r", seq: 3, type: "message_sent" });
});

test("an entry of a type or version that is not known here is named, not read", () => {
  const unknown = { kind: "unknown_entry", roomId: "r", seq: 3 };
  expect(toChange(inserted({ ...item, type: { S: "poll_opened" } }))).toEqual({ ...unknown, type: "poll_opened" });
  expect(toChange(inserted({ ...item, v: { N: "2" } }))).toEqual({ ...unknown, type: "message_sent" });
});

test("attributes that a newer version added do not make an entry unreadable", () => {
  expect(toChange(inserted({ ...item, mood: { S: "good" } })).kind).toBe("entry");
});

test.each([
  ["no image", undefined, "the record has no image of it"],
  ["no type", without("type"), "it has no type"],
  ["no body", without("body"), "it has no body"],
  ["no time", without("created_at"), "it has no created_at"],
  ["no number", without("seq"), "its seq is not that of its key"],
  ["another number", { ...item, seq: { N: "4" } }, "its seq is not that of its key"],
  ["a time that is none", { ...item, created_at: { S: "noon" } }, "values are not of their types: created_at"],
  ["a text that is none", { ...item, body: { M: { content: { N: "1" } } } }, "values are not of their types: content"],
])("a new entry with %s is poison, and says why", (_what, image, why) => {
  expect(toChange(inserted(image))).toEqual({ kind: "poison", why, roomId: "r", sortKey: "log#0000000003" });
});

test("a new entry whose key holds no number is poison", () => {
  const keys = { room_id: { S: "r" }, sk: { S: "log#x" } };
  expect(toChange(inserted(item, keys))).toMatchObject({ kind: "poison", sortKey: "log#x" });
});

test("a read position that rose is told, of a new member too", () => {
  const marker = { kind: "read_marker", roomId: "r", userId: "ann", readSeq: 7 };
  const read = (seq: number) => ({ joined_seq: { N: "1" }, read_seq: { N: String(seq) } });
  const modified = (OldImage: object, NewImage: object) =>
    toChange({
      eventName: "MODIFY",
      dynamodb: { Keys: memberKeys, OldImage: { ...OldImage }, NewImage: { ...NewImage } },
    });
  expect(modified(read(5), read(7))).toEqual(marker);
  expect(modified({}, read(7))).toEqual(marker);
  expect(toChange(inserted(read(7), memberKeys))).toEqual(marker);
  expect(modified(read(7), { ...read(7), left_seq: { N: "8" } })).toEqual({ kind: "ignored", why: "member_state" });
  expect(toChange(inserted({ joined_seq: { N: "1" } }, memberKeys))).toEqual({ kind: "ignored", why: "member_state" });
});

test("what was imported is no news: not an entry, not a member, not a read position that moved elsewhere", () => {
  const imported = { M: { source_id: { S: "messages/7" } } };
  expect(toChange(inserted({ ...item, imported }))).toEqual({ kind: "imported_entry", roomId: "r", seq: 3 });
  const member = (seq: number, position: string) => ({
    joined_seq: { N: "1" },
    read_seq: { N: String(seq) },
    import_position: { S: position },
  });
  const silent = { kind: "ignored", why: "imported_member" };
  expect(toChange(inserted(member(7, "0A"), memberKeys))).toEqual(silent);
  const moved = (OldImage: ReturnType<typeof member>, NewImage: ReturnType<typeof member>) =>
    toChange({ eventName: "MODIFY", dynamodb: { Keys: memberKeys, OldImage, NewImage } });
  expect(moved(member(7, "0A"), member(8, "0B"))).toEqual(silent);
  expect(moved(member(8, "0B"), member(9, "0B"))).toMatchObject({ kind: "read_marker", readSeq: 9 });
});

test("what nobody hears of is ignored for a reason that can be counted", () => {
  const why = (record: ChangeRecord) => {
    const change = toChange(record);
    return change.kind === "ignored" ? change.why : change.kind;
  };
  const keys = (sk: string) => ({ room_id: { S: "r" }, sk: { S: sk } });
  expect(why({ eventName: "MODIFY", dynamodb: { Keys: entryKeys, NewImage: item } })).toBe("entry_modified");
  expect(why({ eventName: "REMOVE", dynamodb: { Keys: entryKeys, OldImage: item } })).toBe("removed");
  expect(why({ eventName: "INSERT", dynamodb: { Keys: keys("meta"), NewImage: {} } })).toBe("room_state");
  expect(why({ eventName: "INSERT", dynamodb: { Keys: keys("alias"), NewImage: {} } })).toBe("unknown_item");
  expect(why({ eventName: "EXPIRED", dynamodb: { Keys: entryKeys } })).toBe("unknown_event_name");
  expect(why({ dynamodb: { Keys: entryKeys } })).toBe("unknown_event_name");
  expect(why({ eventName: "INSERT" })).toBe("unknown_item");
});
