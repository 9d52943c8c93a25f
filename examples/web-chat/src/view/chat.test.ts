import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Entry, EntrySchema, MemberSchema, RoomSchema, RoomSummarySchema } from "@maru/protocol";
import { expect, test } from "vitest";
import {
  type Chat,
  emptyChat,
  withHappened,
  withOpened,
  withoutRoom,
  withPresence,
  withReadMarker,
  withRooms,
  withTyper,
} from "./chat.ts";
import { withPending } from "./conversation.ts";
import { sortRooms, toRoomItem, unreadLabel } from "./room-list.ts";
import { typersAt, typingSentence } from "./typing.ts";

function said(roomId: string, seq: number, by: string, text = `m${seq}`): Entry {
  const content = { kind: { case: "text", value: { text } } } as const;
  return entryOf(roomId, seq, by, { case: "messageSent", value: { content } });
}

function entryOf(roomId: string, seq: number, by: string, body: MessageInitShape<typeof EntrySchema>["body"] & object) {
  const actor = { kind: { case: "userId", value: by } } as const;
  return create(EntrySchema, {
    roomId,
    seq,
    actor,
    body,
    createdAt: timestampFromMs(seq * 1000),
    idempotencyKey: `k${seq}`,
  });
}

function summary(roomId: string, lastSeq: number, readSeq: number) {
  return create(RoomSummarySchema, {
    room: { roomId, title: roomId.toUpperCase(), lastSeq, lastEntryAt: timestampFromMs(lastSeq * 1000) },
    member: { readSeq },
    lastMessage: said(roomId, lastSeq, "bob"),
    unread: { unreadCount: lastSeq - readSeq },
  });
}

const items = [summary("a", 5, 5), summary("b", 7, 4)].map((one) => toRoomItem(one, "ann"));
const chat = withRooms(emptyChat("ann"), items);

const room = create(RoomSchema, { roomId: "a", lastSeq: 5 });
const members = ["ann", "bob"].map((userId) => create(MemberSchema, { userId, readSeq: userId === "ann" ? 5 : 3 }));
const opened = withOpened(chat, { room, members, entries: [said("a", 5, "bob")], hasOlder: false });

const item = (from: Chat, roomId: string) => from.rooms.get(roomId);

test("a room in which something happens comes first, with what was said and one more unread", () => {
  const next = withHappened(chat, said("a", 8, "bob", "news"));
  expect(sortRooms(next.rooms.values()).map(({ roomId }) => roomId)).toEqual(["a", "b"]);
  expect(item(next, "a")).toMatchObject({ preview: "Bob: news", unreadCount: 1, lastSeq: 8 });
  expect(withHappened(next, said("a", 8, "bob", "news")).rooms).toEqual(next.rooms);
});

test("own messages and messages that were read already are not unread", () => {
  const own = withHappened(chat, said("a", 6, "ann", "mine"));
  expect(item(own, "a")).toMatchObject({ preview: "You: mine", unreadCount: 0 });
  const read = withReadMarker(chat, { roomId: "a", userId: "ann", readSeq: 9 });
  expect(item(withHappened(read, said("a", 9, "bob")), "a")?.unreadCount).toBe(0);
});

test("the badge goes when the user has read to the end, here or on another device, and not for the reading of others", () => {
  const others = withReadMarker(chat, { roomId: "b", userId: "bob", readSeq: 7 });
  expect(item(others, "b")?.unreadCount).toBe(3);
  expect(item(withReadMarker(others, { roomId: "b", userId: "ann", readSeq: 7 }), "b")?.unreadCount).toBe(0);
  expect(item(withReadMarker(chat, { roomId: "b", userId: "ann", readSeq: 2 }), "b")?.unreadCount).toBe(3);
});

test("badges end at 99", () => {
  const base = items[0] ?? expect.unreachable();
  const label = (unreadCount: number, moreUnread = false) => unreadLabel({ ...base, unreadCount, moreUnread });
  expect([label(0), label(7), label(7, true), label(100)]).toEqual(["", "7", "7+", "99+"]);
});

test("opening a room anew keeps what is on its way from here", () => {
  const pending = { key: "k6", text: "m6", sentAtMs: 0 };
  const open = opened.open ?? expect.unreachable();
  const sending: Chat = { ...opened, open: { ...open, conversation: withPending(open.conversation, pending) } };
  const again = (entries: Entry[]) => withOpened(sending, { room, members, entries, hasOlder: false });
  expect(again([]).open?.conversation.pending).toHaveLength(1);
  expect(again([said("a", 6, "ann")]).open?.conversation.pending).toEqual([]);
});

test("a room that the list does not have yet is in it once it is open", () => {
  const made = create(RoomSchema, { roomId: "c", title: "New", lastSeq: 1, lastEntryAt: timestampFromMs(9_000) });
  const next = withOpened(chat, { room: made, members, entries: [], hasOlder: false });
  expect(sortRooms(next.rooms.values())[0]).toMatchObject({ roomId: "c", title: "New", unreadCount: 0 });
  expect(opened.rooms).toEqual(chat.rooms);
});

test("members who join and leave, how far they have read, and who is connected", () => {
  const joined = withHappened(
    opened,
    entryOf("a", 6, "bob", { case: "membersAdded", value: { members: [{ userId: "eve" }] } }),
  );
  expect([...(joined.open?.readSeqs ?? [])]).toEqual([
    ["ann", 5],
    ["bob", 3],
    ["eve", 0],
  ]);
  const left = withHappened(joined, entryOf("a", 7, "bob", { case: "memberLeft", value: { userId: "bob" } }));
  expect([...(left.open?.readSeqs.keys() ?? [])]).toEqual(["ann", "eve"]);
  const read = withReadMarker(opened, { roomId: "a", userId: "bob", readSeq: 5 });
  expect(withReadMarker(read, { roomId: "a", userId: "bob", readSeq: 4 }).open?.readSeqs.get("bob")).toBe(5);
  const here = withPresence(opened, { userId: "bob", connected: true });
  expect([...here.connected]).toEqual(["bob"]);
  expect([...withPresence(here, { userId: "bob", connected: false }).connected]).toEqual([]);
});

test("somebody types until they stop, send, or the time is over", () => {
  const typing = withTyper(opened, { roomId: "a", userId: "bob", stopped: false, shownMs: 5000 }, 1000);
  const typers = (of: Chat, nowMs: number) => typersAt(of.open?.typing ?? new Map(), nowMs);
  expect([typers(typing, 5999), typers(typing, 6000)]).toEqual([["bob"], []]);
  expect(typers(withHappened(typing, said("a", 6, "bob")), 2000)).toEqual([]);
  expect(typers(withTyper(typing, { roomId: "a", userId: "bob", stopped: true, shownMs: 0 }, 1500), 2000)).toEqual([]);
  expect([["bob"], ["bob", "eve"], ["a", "b", "c"], []].map(typingSentence)).toEqual([
    "Bob is typing …",
    "Bob and Eve are typing …",
    "Several people are typing …",
    "",
  ]);
});

test("a room that the user is no member of any more is gone", () => {
  const gone = withoutRoom(opened, "a");
  expect([gone.open, [...gone.rooms.keys()]]).toEqual([undefined, ["b"]]);
});
