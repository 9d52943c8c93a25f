import { randomUUID } from "node:crypto";
import { service, system, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { found, names, openRoom, readLog, type Scene, say } from "./scene.ts";

export function updateRoomSuite(scene: () => Scene): void {
  const mask = (...paths: string[]) => ({ updateMask: { paths } });
  const pairs = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, "1"]));

  test("only what the mask names is changed, and the entry says what changed", async () => {
    const { maru, other } = scene();
    const { room } = await maru.rooms.create({ actor: service(), kind: "group", title: "old", attributes: { a: "1" } });
    const { roomId } = found(room);
    const change = { roomId, actor: service() };
    const titled = await maru.rooms.update({ ...change, ...mask("title"), title: "new", attributes: { not: "used" } });
    expect(titled.room).toMatchObject({ title: "new", attributes: { a: "1" }, lastSeq: 2, stateSeq: 2 });
    expect(titled.entry).toMatchObject({ seq: 2, stateSeq: 2, type: "room_updated" });
    expect(titled.entry?.body.value).toMatchObject({ changedFields: ["title"], title: "new", attributes: {} });

    const replaced = await other.rooms.update({ ...change, ...mask("attributes"), attributes: { b: "2", c: "" } });
    expect(replaced.room).toMatchObject({ title: "new", attributes: { b: "2", c: "" } });
    expect(replaced.entry?.body.value).toMatchObject({ changedFields: ["attributes"], title: "" });

    const single = mask("attributes.b", "attributes.c", "attributes.d.e", "attributes.no");
    const merged = await maru.rooms.update({ ...change, ...single, attributes: { b: "3", "d.e": "4", f: "not used" } });
    expect(merged.room?.attributes).toEqual({ b: "3", "d.e": "4" });
    expect(merged.entry?.body.value).toMatchObject({
      changedFields: ["attributes"],
      attributes: { b: "3", "d.e": "4" },
    });

    const emptied = await other.rooms.update({ ...change, ...mask("title", "attributes", "attributes.b") });
    expect(emptied.room).toMatchObject({ title: "", attributes: {}, kind: "group", stateSeq: 5 });
    expect(emptied.entry?.body.value).toMatchObject({ changedFields: ["title", "attributes"] });
    expect(await maru.rooms.get({ roomId })).toMatchObject({ room: emptied.room });
  });

  test("nothing is written when nothing is another than before; the answer is the room as it is", async () => {
    const { maru } = scene();
    const { room } = await maru.rooms.create({ actor: service(), kind: "group", title: "one", attributes: { a: "1" } });
    const { roomId } = found(room);
    const same = { roomId, actor: service(), title: "one", attributes: { a: "1" } };
    for (const paths of [["title"], ["attributes"], ["attributes.a", "attributes.b"], ["title", "attributes"]]) {
      const { entry, room: after } = await maru.rooms.update({ ...same, ...mask(...paths) });
      expect(entry).toBeUndefined();
      expect(after).toEqual(room);
    }
    expect(await readLog(maru, roomId)).toHaveLength(1);
  });

  test("an expected state that is no longer so is refused with the present one, and nothing is changed", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const change = { roomId, actor: user("root"), ...mask("title") };
    const first = await maru.rooms.update({ ...change, title: "one", expectedStateSeq: 1 });
    await say(maru, roomId, "a message changes no state");
    for (const expectedStateSeq of [0, 1, 3, 4_294_967_295]) {
      expect(await refusal(other.rooms.update({ ...change, title: "two", expectedStateSeq }))).toMatchObject({
        reason: "STATE_CHANGED",
        code: "ABORTED",
        metadata: { roomId, stateSeq: "2" },
      });
    }
    // Also where nothing would be changed: the caller's idea of the room is wrong.
    expect(await refusal(other.rooms.update({ ...change, title: "one", expectedStateSeq: 1 }))).toMatchObject({
      reason: "STATE_CHANGED",
    });
    const second = await other.rooms.update({ ...change, title: "two", expectedStateSeq: found(first.room).stateSeq });
    expect(second.room).toMatchObject({ title: "two", stateSeq: 4 });
  });

  test("of 16 who expect the same state over two servers one changes it, and the others are told the new state", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, []);
    const answers = await Promise.all(
      names("title", 16).map((title, index) => {
        const change = { roomId, actor: service(), ...mask("title"), title, expectedStateSeq: 1 };
        return (index % 2 === 0 ? maru : other).rooms.update(change).then(
          ({ room }) => found(room).title,
          (error) => error.metadata.stateSeq,
        );
      }),
    );
    expect(answers.filter((answer) => answer !== "2")).toEqual([(await maru.rooms.get({ roomId })).room?.title]);
    expect(await readLog(maru, roomId)).toHaveLength(2);
  });

  test("an update that is tried again, on the other server, has its first entry and the room as it is now", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, []);
    const request = {
      ...{ roomId, actor: service(), ...mask("title"), title: "one" },
      ...{ expectedStateSeq: 1, idempotencyKey: randomUUID() },
    };
    const first = await maru.rooms.update(request);
    await other.rooms.update({ roomId, actor: service(), ...mask("title"), title: "two" });
    const again = await other.rooms.update(request);
    expect(again).toMatchObject({ entry: first.entry, room: { title: "two", stateSeq: 3 } });
    expect(await refusal(maru.rooms.update({ ...request, title: "three" }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      metadata: { roomId, seq: "2" },
    });
  });

  test("a mask that names nothing, or what cannot be changed, is refused and says what", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, []);
    const wrong = ["", "kind", "room_id", "Title", "title.", "attributes.", "attribute.a", "state_seq"];
    for (const path of wrong) {
      const paths = path === "" ? [] : ["title", path];
      const call = maru.rooms.update({ roomId, actor: service(), title: "new", updateMask: { paths } });
      expect(await refusal(call)).toMatchObject({
        reason: "FIELD_MASK_INVALID",
        code: "INVALID_ARGUMENT",
        metadata: { field: path },
        fields: ["update_mask"],
      });
    }
    const long = await refusal(maru.rooms.update({ roomId, actor: service(), ...mask("x".repeat(50_000)) }));
    expect(long.metadata.field).toBe(`${"x".repeat(100)}…`);
    expect(await refusal(maru.rooms.update({ roomId, actor: service() }))).toMatchObject(invalid("update_mask"));
    expect(await readLog(maru, roomId)).toHaveLength(1);
  });

  test("a room has at most 64 attributes, also when they come one by one", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, []);
    const change = { roomId, actor: service() };
    const full = pairs(names("name", 64));
    await maru.rooms.update({ ...change, ...mask("attributes"), attributes: full });
    const one = (name: string) =>
      maru.rooms.update({ ...change, ...mask(`attributes.${name}`), attributes: { [name]: "2" } });
    expect(await refusal(one("more"))).toMatchObject(invalid("attributes"));
    expect((await one("name-007")).room?.attributes).toEqual({ ...full, "name-007": "2" });
    await maru.rooms.update({ ...change, ...mask("attributes.name-001") });
    expect(Object.keys((await one("more")).room?.attributes ?? {})).toHaveLength(64);
    const attributes = pairs(names("name", 65));
    expect(await refusal(maru.rooms.update({ ...change, ...mask("attributes"), attributes }))).toMatchObject(
      invalid("attributes"),
    );
  });

  test("attributes that 32 callers over two servers set one by one are all there", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, []);
    const all = names("name", 32);
    await Promise.all(
      all.map((name, index) =>
        (index % 2 === 0 ? maru : other).rooms.update({
          ...{ roomId, actor: service(), ...mask(`attributes.${name}`) },
          attributes: { [name]: "1" },
        }),
      ),
    );
    expect((await maru.rooms.get({ roomId })).room).toMatchObject({ attributes: pairs(all), stateSeq: 33 });
  });

  test("admins, services and the system change a room, and nobody else", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const change = (actor: ReturnType<typeof user>, title: string) =>
      maru.rooms.update({ roomId, actor, ...mask("title"), title });
    expect(await refusal(change(user("ann"), "x"))).toMatchObject({ reason: "ROLE_REQUIRED" });
    expect(await refusal(change(user("eve"), "x"))).toMatchObject({ reason: "NOT_A_MEMBER" });
    for (const [index, actor] of [user("root"), service(), system()].entries()) {
      expect((await change(actor, `title ${index}`)).entry?.seq).toBe(index + 2);
    }
  });
}
