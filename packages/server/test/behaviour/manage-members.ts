import { randomUUID } from "node:crypto";
import { timestampDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { MemberRole, service, system, user } from "@maru/client";
import { expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { openRoom, readLog, readMembers, type Scene, say } from "./scene.ts";

/** What admins and services do with the membership of others. */
export function manageMembersSuite(scene: () => Scene): void {
  const inAnHour = () => timestampFromMs(Date.now() + 3_600_000);

  test("who is made an admin manages the room at once on both servers, and who is made a member no longer", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const add = (one: typeof maru, userId: string) =>
      one.rooms.addMembers({ roomId, actor: user("ann"), members: [{ userId }] });
    for (const [one, two] of [
      [maru, other],
      [other, maru],
    ] as const) {
      expect(await refusal(add(two, "new"))).toMatchObject({ reason: "ROLE_REQUIRED" });
      const promoting = { roomId, actor: user("root"), userId: "ann", role: MemberRole.ADMIN };
      const { entry } = await one.rooms.setMemberRole(promoting);
      expect(entry).toMatchObject({ type: "member_role_changed", stateSeq: entry?.seq });
      expect(entry?.body.value).toMatchObject({ userId: "ann", role: MemberRole.ADMIN });
      await add(two, `new-${entry?.seq}`);
      await two.rooms.setMemberRole({ ...promoting, role: MemberRole.MEMBER });
      expect(await refusal(add(one, "new"))).toMatchObject({ reason: "ROLE_REQUIRED" });
    }
    expect((await readMembers(maru, roomId)).get("ann")).toMatchObject({ role: MemberRole.MEMBER, joinedSeq: 1 });
  });

  test("a muted member cannot write until the time that was set; others can", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    await say(other, roomId, "before");
    const mutedUntil = inAnHour();
    const muting = { roomId, actor: user("root"), userId: "ann" };
    const muted = await maru.rooms.muteMember({ ...muting, mutedUntil, reason: "spam" });
    expect(muted.entry).toMatchObject({ seq: 3, stateSeq: 3, type: "member_muted" });
    expect(muted.entry?.body.value).toMatchObject({ userId: "ann", mutedUntil, reason: "spam" });
    for (const one of [other, maru]) {
      expect(await refusal(say(one, roomId, "now"))).toMatchObject({
        reason: "MEMBER_MUTED",
        code: "FAILED_PRECONDITION",
        metadata: { roomId, userId: "ann", mutedUntil: timestampDate(mutedUntil).toISOString() },
      });
      expect(await say(one, roomId, "not me", "bob")).toBeGreaterThan(3);
    }
    expect((await readMembers(maru, roomId)).get("ann")?.mutedUntil).toEqual(mutedUntil);
    const unmuted = await other.rooms.muteMember({ ...muting, mutedUntil: timestampFromMs(Date.now() - 1) });
    expect(unmuted.entry).toMatchObject({ seq: 6, type: "member_muted" });
    expect(unmuted.entry?.body.value).not.toHaveProperty("mutedUntil");
    expect(await say(maru, roomId, "after")).toBe(7);
    expect((await readMembers(maru, roomId)).get("ann")?.mutedUntil).toBeUndefined();
    await maru.rooms.muteMember({ ...muting, mutedUntil });
    await maru.rooms.muteMember(muting);
    expect(await say(other, roomId, "after")).toBe(10);
  });

  test("a mute ends by itself when its time has come", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const untilMs = Date.now() + 1_500;
    const mutedUntil = timestampFromMs(untilMs);
    await maru.rooms.muteMember({ roomId, actor: service(), userId: "ann", mutedUntil });
    expect(await refusal(say(other, roomId, "too early"))).toMatchObject({ reason: "MEMBER_MUTED" });
    await expect.poll(() => Date.now(), { timeout: 10_000 }).toBeGreaterThan(untilMs);
    expect(await say(maru, roomId, "now")).toBe(3);
    expect(await say(other, roomId, "now")).toBe(4);
  });

  test("nothing is written when the member is so already, and a call that is tried again has its first answer", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const act = { roomId, actor: service(), userId: "ann" };
    expect((await maru.rooms.setMemberRole({ ...act, role: MemberRole.MEMBER })).entry).toBeUndefined();
    expect((await maru.rooms.muteMember(act)).entry).toBeUndefined();
    const muting = { ...act, mutedUntil: inAnHour(), idempotencyKey: randomUUID() };
    const muted = await maru.rooms.muteMember(muting);
    expect((await other.rooms.muteMember({ ...muting, reason: "again", idempotencyKey: "" })).entry).toBeUndefined();
    const promoting = { ...act, role: MemberRole.ADMIN, idempotencyKey: randomUUID() };
    const promoted = await other.rooms.setMemberRole(promoting);
    expect(await other.rooms.muteMember(muting)).toEqual(muted);
    expect(await maru.rooms.setMemberRole(promoting)).toEqual(promoted);
    expect(await readLog(maru, roomId)).toHaveLength(3);
    expect(await refusal(maru.rooms.muteMember({ ...muting, reason: "other" }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      metadata: { roomId, seq: "2" },
    });
  });

  test("who is no member has neither role nor mute", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await maru.rooms.leave({ roomId, actor: user("ann") });
    for (const userId of ["ann", "eve"]) {
      const act = { roomId, actor: service(), userId };
      const calls = [
        maru.rooms.setMemberRole({ ...act, role: MemberRole.ADMIN }),
        maru.rooms.muteMember({ ...act, mutedUntil: inAnHour() }),
      ];
      for (const told of await Promise.all(calls.map(refusal))) {
        expect(told).toMatchObject({
          reason: "MEMBER_NOT_FOUND",
          code: "NOT_FOUND",
          metadata: { roomId, userId },
        });
      }
    }
    expect([...(await readMembers(maru, roomId)).keys()]).toEqual(["ann", "root"]);
  });

  test("admins, services and the system set roles and mute, and nobody else", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const calls = (actor: ReturnType<typeof user>) => [
      () => maru.rooms.setMemberRole({ roomId, actor, userId: "bob", role: MemberRole.ADMIN }),
      () => maru.rooms.muteMember({ roomId, actor, userId: "bob", mutedUntil: inAnHour() }),
      () => maru.rooms.setMemberRole({ roomId, actor, userId: "bob", role: MemberRole.MEMBER }),
    ];
    for (const call of calls(user("ann"))) expect(await refusal(call())).toMatchObject({ reason: "ROLE_REQUIRED" });
    for (const call of calls(user("eve"))) expect(await refusal(call())).toMatchObject({ reason: "NOT_A_MEMBER" });
    expect(await readLog(maru, roomId)).toHaveLength(1);
    for (const actor of [user("root"), service(), system()]) {
      for (const call of calls(actor)) expect((await call()).entry).toBeDefined();
    }
  });

  test("roles and times that make no sense are refused", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const act = { roomId, actor: service(), userId: "ann" };
    expect(await refusal(maru.rooms.setMemberRole(act))).toMatchObject(invalid("role"));
    expect(await refusal(maru.rooms.setMemberRole({ ...act, role: 9 as MemberRole }))).toMatchObject(invalid("role"));
    const times = [
      { seconds: 253_402_300_800n },
      { seconds: 9_223_372_036_854_775_807n },
      { seconds: -62_135_596_801n },
    ];
    for (const mutedUntil of [...times, { nanos: -1 }, { nanos: 1_000_000_000 }]) {
      expect(await refusal(maru.rooms.muteMember({ ...act, mutedUntil }))).toMatchObject(invalid("muted_until"));
    }
    const latest = { seconds: 253_402_300_799n, nanos: 999_999_999 };
    await maru.rooms.muteMember({ ...act, mutedUntil: latest });
    expect((await readMembers(maru, roomId)).get("ann")?.mutedUntil).toMatchObject(latest);
    expect(await refusal(say(maru, roomId, "never"))).toMatchObject({ reason: "MEMBER_MUTED" });
  });
}
