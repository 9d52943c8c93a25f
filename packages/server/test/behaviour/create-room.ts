import { randomUUID } from "node:crypto";
import { service, system, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { admin, found, member, names, readLog, readMembers, type Scene, say } from "./scene.ts";

export function createRoomSuite(scene: () => Scene): void {
  test("a room has the title, subject, attributes and members that it was created with", async () => {
    const { maru } = scene();
    const { room, entry } = await maru.rooms.create({
      actor: user("ann"),
      kind: "group",
      title: "Bicycle 🚲",
      subject: "listing-7",
      attributes: { price: "120", place: "" },
      members: [admin("ann"), { userId: "bob" }],
    });
    const { roomId } = found(room);
    expect(room).toMatchObject({
      kind: "group",
      title: "Bicycle 🚲",
      subject: "listing-7",
      attributes: { price: "120", place: "" },
      createdBy: { kind: { case: "userId", value: "ann" } },
      memberCount: 2,
      lastSeq: 1,
      stateSeq: 1,
      createdAt: entry?.createdAt,
      lastEntryAt: entry?.createdAt,
    });
    expect(entry).toMatchObject({ roomId, seq: 1, type: "room_created", caller: "shop", stateSeq: 1 });
    expect(await maru.rooms.get({ roomId })).toMatchObject({ room });
    expect(await readLog(maru, roomId)).toEqual([entry]);
    expect([...(await readMembers(maru, roomId)).values()]).toMatchObject([
      { ...admin("ann"), joinedSeq: 1, leftSeq: 0, readSeq: 0 },
      { ...member("bob"), joinedSeq: 1, leftSeq: 0, readSeq: 0 },
    ]);
  });

  test("who creates a room is no member of it unless named", async () => {
    const { maru } = scene();
    const { room } = await maru.rooms.create({ actor: user("ann"), kind: "group" });
    const { roomId, memberCount } = found(room);
    expect(memberCount).toBe(0);
    expect((await readMembers(maru, roomId)).size).toBe(0);
    expect(await refusal(say(maru, roomId, "hello"))).toMatchObject({ reason: "NOT_A_MEMBER" });
  });

  test("services and the system create rooms, a service under the name that its token proves", async () => {
    const { maru } = scene();
    const byService = await maru.rooms.create({ actor: service(), kind: "group" });
    expect(byService.room?.createdBy?.kind).toMatchObject({ case: "service", value: { name: "shop" } });
    expect(byService.entry?.actor).toEqual(byService.room?.createdBy);
    const bySystem = await maru.rooms.create({ actor: system(), kind: "group" });
    expect(bySystem.room?.createdBy?.kind.case).toBe("system");
    const foreign = { kind: { case: "service" as const, value: { name: "bank" } } };
    expect(await refusal(maru.rooms.create({ actor: foreign, kind: "group" }))).toMatchObject({
      reason: "CALLER_NOT_ALLOWED",
      code: "PERMISSION_DENIED",
      metadata: { caller: "shop", method: "maru.chat.v1.RoomService/CreateRoom" },
    });
  });

  test("a direct room is not made by create", async () => {
    const { maru } = scene();
    expect(await refusal(maru.rooms.create({ actor: user("ann"), kind: "direct" }))).toMatchObject({
      reason: "ROOM_KIND_NOT_ALLOWED",
      code: "INVALID_ARGUMENT",
      metadata: { kind: "direct" },
    });
  });

  test("a member who is named twice is refused, and where", async () => {
    const { maru } = scene();
    const members = [member("ann"), member("bob"), admin("ann")];
    const call = maru.rooms.create({ actor: service(), kind: "group", members });
    expect(await refusal(call)).toMatchObject(invalid("members[2].user_id"));
  });

  test("90 first members are taken and 91 are refused", async () => {
    const { maru } = scene();
    const create = (count: number) =>
      maru.rooms.create({ actor: service(), kind: "group", members: names("user", count).map(member) });
    const { room } = await create(90);
    const { roomId, memberCount } = found(room);
    expect(memberCount).toBe(90);
    expect([...(await readMembers(maru, roomId)).keys()]).toEqual(names("user", 90));
    expect(await refusal(create(91))).toMatchObject(invalid("members"));
  });

  test("a creation that is tried again, on whatever server, is one room with one first answer", async () => {
    const { maru, other } = scene();
    const request = {
      actor: user("ann"),
      kind: "group",
      attributes: { a: "1", b: "2" },
      members: [member("ann")],
      idempotencyKey: randomUUID(),
    };
    const first = await maru.rooms.create(request);
    const { roomId } = found(first.room);
    expect(await other.rooms.create(request)).toEqual(first);
    expect(await other.rooms.create({ ...request, attributes: { b: "2", a: "1" } })).toEqual(first);
    await say(other, roomId, "later");
    expect(await maru.rooms.create(request)).toMatchObject({ entry: first.entry, room: { roomId, lastSeq: 2 } });
    expect(await readLog(maru, roomId)).toHaveLength(2);
  });

  test("the key of a creation is refused for another one, and names the entry", async () => {
    const { maru, other } = scene();
    const request = { actor: user("ann"), kind: "group", title: "one", idempotencyKey: randomUUID() };
    const { room } = await maru.rooms.create(request);
    expect(await refusal(other.rooms.create({ ...request, title: "two" }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      code: "ALREADY_EXISTS",
      metadata: { roomId: room?.roomId, seq: "1" },
    });
    expect(await maru.rooms.get({ roomId: found(room).roomId })).toMatchObject({ room: { title: "one" } });
  });

  test("keys of different callers and of different actors never meet", async () => {
    const { maru, world, protocol } = scene();
    const { maru: bank } = await world.connect(protocol, "bank");
    const request = { actor: user("ann"), kind: "group", idempotencyKey: randomUUID() };
    const rooms = await Promise.all([
      maru.rooms.create(request),
      bank.rooms.create(request),
      maru.rooms.create({ ...request, actor: user("bob") }),
      maru.rooms.create({ ...request, actor: service() }),
    ]);
    expect(new Set(rooms.map(({ room }) => room?.roomId)).size).toBe(4);
  });
}
