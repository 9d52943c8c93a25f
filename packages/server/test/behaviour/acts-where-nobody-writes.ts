import { service, system, text, user } from "@maru/client";
import { expect, test } from "vitest";
import { refusal } from "./refusal.ts";
import { found, openRoom, type Scene, say } from "./scene.ts";

type State = "frozen" | "closed";
type Who = ReturnType<typeof user> | ReturnType<typeof service>;

/** What goes on with messages where the room's state lets nobody write. */
export function actsWhereNobodyWritesSuite(scene: () => Scene): void {
  /** A room with a message and two held ones, then frozen or closed. */
  async function openAndStop(state: State) {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const hold = async () => {
      const { entry } = await maru.messages.send({ roomId, actor: user("ann"), content: text("held"), holdMs: 60_000 });
      return found(entry).seq;
    };
    const [seq, one, two] = [await say(maru, roomId, "hello"), await hold(), await hold()];
    await (state === "frozen" ? maru.rooms.freeze : maru.rooms.close)({ roomId, actor: service() });
    return { roomId, seq, one, two };
  }

  test.each(["frozen", "closed"] as const)("in a %s room messages are not changed", async (state) => {
    const { maru, other } = scene();
    const { roomId, seq, one } = await openAndStop(state);
    const reason = state === "frozen" ? "ROOM_FROZEN" : "ROOM_CLOSED";
    for (const { messages } of [maru, other]) {
      const acts = (actor: Who) => [
        messages.edit({ roomId, actor, seq, content: text("x") }),
        messages.pin({ roomId, actor, seq }),
        messages.unpin({ roomId, actor, seq }),
      ];
      const calls = [
        ...[user("ann"), user("root"), service()].flatMap(acts),
        messages.setReactions({ roomId, actor: user("ann"), seq, kinds: ["x"] }),
        messages.commit({ roomId, actor: service(), seq: one }),
        ...[user("ann"), user("root")].map((actor) => messages.delete({ roomId, actor, seq })),
        messages.cancel({ roomId, actor: user("ann"), seq: one }),
      ];
      for (const told of await Promise.all(calls.map(refusal))) {
        expect(told).toMatchObject({ reason, code: "FAILED_PRECONDITION", metadata: { roomId } });
      }
    }
  });

  test.each(["frozen", "closed"] as const)(
    "in a %s room services and the system still take content away",
    async (state) => {
      const { maru, other } = scene();
      const { roomId, seq, one, two } = await openAndStop(state);
      expect((await maru.messages.delete({ roomId, actor: service(), seq })).entry?.type).toBe("message_deleted");
      expect((await other.messages.cancel({ roomId, actor: service(), seq: one })).entry?.type).toBe(
        "message_cancelled",
      );
      expect((await other.messages.cancel({ roomId, actor: system(), seq: two })).entry?.type).toBe(
        "message_cancelled",
      );
      const { entries } = await maru.messages.list({ roomId });
      const contents = entries.map(({ body }) => (body.case === "messageSent" ? body.value.content : body.case));
      expect(contents).toEqual([undefined, undefined, undefined]);
    },
  );
}
