import { type Maru, service, user } from "@maru/client";
import { expect, test } from "vitest";
import { refusal } from "./refusal.ts";
import { openRoom, type Scene, say } from "./scene.ts";

type Reader = ReturnType<typeof user> | ReturnType<typeof service>;

/** Reads on behalf of somebody. */
export function viewerSuite(scene: () => Scene): void {
  const reads = (maru: Maru, roomId: string, actor: Reader) => [
    maru.messages.get({ roomId, seq: 2, actor }),
    maru.messages.list({ roomId, actor }),
    maru.messages.listMessageVersions({ roomId, seq: 2, actor }),
    maru.messages.listPinned({ roomId, actor }),
  ];

  test("users read as long as they are members, and services without being one", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await say(maru, roomId, "hello");
    await Promise.all([...reads(maru, roomId, user("ann")), ...reads(other, roomId, service())]);
    for (let round = 0; round < 3; round++) {
      const [one, two] = round % 2 === 0 ? [maru, other] : [other, maru];
      await one.rooms.removeMembers({ roomId, actor: service(), userIds: ["ann"] });
      for (const told of await Promise.all(reads(two, roomId, user("ann")).map(refusal))) {
        expect(told).toMatchObject({
          reason: "NOT_A_MEMBER",
          code: "PERMISSION_DENIED",
          metadata: { roomId, userId: "ann" },
        });
      }
      await one.rooms.addMembers({ roomId, actor: service(), members: [{ userId: "ann" }] });
      await Promise.all(reads(two, roomId, user("ann")));
    }
  });

  test("in a room that does not exist nobody is a member, and a service reads under its own name", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru);
    for (const told of await Promise.all(reads(maru, "nowhere", user("ann")).map(refusal))) {
      expect(told).toMatchObject({ reason: "ROOM_NOT_FOUND", code: "NOT_FOUND" });
    }
    const bank = { kind: { case: "service" as const, value: { name: "bank" } } };
    for (const told of await Promise.all(reads(maru, roomId, bank).map(refusal))) {
      expect(told).toMatchObject({ reason: "CALLER_NOT_ALLOWED", code: "PERMISSION_DENIED" });
    }
  });
}
