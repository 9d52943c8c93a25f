import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { service, system, user } from "@maru/client";
import type { ConformanceCase } from "./conformance-case.ts";
import { eventually, found, fresh, openRoom, refused, say } from "./scene.ts";

export const roomCases: readonly ConformanceCase[] = [
  {
    name: "a room is made once for a key, and read alone or with others",
    calls: ["RoomService/CreateRoom", "RoomService/GetRoom", "RoomService/BatchGetRooms"],
    refuses: ["IDEMPOTENCY_KEY_REUSED", "ROOM_NOT_FOUND"],
    async run({ rooms, kinds }) {
      const request = { actor: service(), kind: kinds.group, title: "first", attributes: { colour: "blue" } };
      const key = { idempotencyKey: randomUUID() };
      const made = await rooms.createRoom({ ...request, ...key });
      const again = await rooms.createRoom({ ...request, ...key });
      assert.equal(found(again.room).roomId, found(made.room).roomId);
      assert.equal(made.entry?.body.case, "roomCreated");
      await refused("IDEMPOTENCY_KEY_REUSED", rooms.createRoom({ ...request, ...key, title: "second" }));
      const { roomId } = found(made.room);
      const { room } = await rooms.getRoom({ roomId });
      assert.deepEqual(room, made.room);
      assert.deepEqual(room?.attributes, { colour: "blue" });
      const missing = fresh("room");
      const several = await rooms.batchGetRooms({ roomIds: [missing, roomId] });
      assert.deepEqual([several.rooms, several.missingRoomIds], [[room], [missing]]);
      await refused("ROOM_NOT_FOUND", rooms.getRoom({ roomId: missing }));
    },
  },
  {
    name: "the direct room of some users about a subject is found again, and is not made by CreateRoom",
    calls: ["RoomService/FindOrCreateDirect"],
    refuses: ["ROOM_KIND_NOT_ALLOWED"],
    async run({ rooms, kinds }) {
      const subject = fresh("subject");
      const request = { actor: user("ann"), kind: kinds.direct, subject };
      const made = await rooms.findOrCreateDirect({ ...request, userIds: ["ann", "bob"] });
      const again = await rooms.findOrCreateDirect({ ...request, userIds: ["bob", "ann"] });
      assert.deepEqual([made.created, again.created], [true, false]);
      assert.equal(again.room?.roomId, found(made.room).roomId);
      assert.deepEqual(again.room?.directUserIds, ["ann", "bob"]);
      await refused("ROOM_KIND_NOT_ALLOWED", rooms.createRoom({ actor: service(), kind: "direct" }));
    },
  },
  {
    name: "title and attributes change where the mask names them and the state is the expected one",
    calls: ["RoomService/UpdateRoom"],
    refuses: ["STATE_CHANGED", "FIELD_MASK_INVALID"],
    async run(context) {
      const { rooms } = context;
      const roomId = await openRoom(context);
      const change = { roomId, actor: user("root"), title: "new", attributes: { colour: "red" } };
      const paths = ["title", "attributes.colour"];
      const { room, entry } = await rooms.updateRoom({ ...change, updateMask: { paths }, expectedStateSeq: 1 });
      assert.deepEqual([room?.title, room?.attributes, room?.stateSeq], ["new", { colour: "red" }, 2]);
      assert.equal(entry?.body.case, "roomUpdated");
      const late = rooms.updateRoom({ ...change, updateMask: { paths }, expectedStateSeq: 1 });
      assert.equal((await refused("STATE_CHANGED", late)).metadata.stateSeq, "2");
      await refused("FIELD_MASK_INVALID", rooms.updateRoom({ ...change, updateMask: { paths: ["kind"] } }));
    },
  },
  {
    name: "a frozen room takes notices of the system alone, until it is unfrozen",
    calls: ["RoomService/FreezeRoom", "RoomService/UnfreezeRoom"],
    refuses: ["ROOM_FROZEN"],
    async run(context) {
      const { rooms, messages } = context;
      const roomId = await openRoom(context);
      await rooms.freezeRoom({ roomId, actor: user("root"), reason: "night" });
      await refused("ROOM_FROZEN", say(context, roomId, "hi"));
      const content = { kind: { case: "system" as const, value: { code: "frozen" } } };
      await messages.sendMessage({ roomId, actor: system(), content });
      await rooms.unfreezeRoom({ roomId, actor: user("root") });
      assert.equal(await say(context, roomId, "hi"), 5);
    },
  },
  {
    name: "a closed room is read, and not written to",
    calls: ["RoomService/CloseRoom"],
    refuses: ["ROOM_CLOSED"],
    async run(context) {
      const { rooms } = context;
      const roomId = await openRoom(context);
      await rooms.closeRoom({ roomId, actor: service(), reason: "done" });
      await refused("ROOM_CLOSED", say(context, roomId, "hi"));
      assert.equal((await rooms.getRoom({ roomId })).room?.closed, true);
    },
  },
  {
    name: "a user's rooms are listed with what is unread; a hidden one comes back by itself with the next message",
    calls: ["RoomService/ListRooms", "RoomService/HideRoom", "RoomService/UnhideRoom"],
    async run(context) {
      const { rooms } = context;
      const ann = fresh("ann");
      const [one, two] = [await openRoom(context, [ann, "bob"]), await openRoom(context, [ann, "bob"])];
      const listed = async () => (await rooms.listRooms({ userId: ann })).rooms;
      const expectListed = (...roomIds: string[]) =>
        eventually(async () =>
          assert.deepEqual(
            (await listed()).map(({ room }) => room?.roomId),
            roomIds,
          ),
        );
      await say(context, two, "older", "bob");
      await say(context, one, "newer", "bob");
      await expectListed(one, two);
      const [newest] = await listed();
      assert.deepEqual([newest?.unread?.unreadCount, newest?.lastMessage?.seq], [1, 2]);
      assert.equal((await rooms.hideRoom({ roomId: one, actor: user(ann) })).member?.hidden, true);
      await expectListed(two);
      assert.equal((await rooms.unhideRoom({ roomId: one, actor: user(ann) })).member?.hidden, false);
      await rooms.hideRoom({ roomId: two, actor: user(ann) });
      await expectListed(one);
      await say(context, two, "newest", "bob");
      await expectListed(two, one);
    },
  },
];
