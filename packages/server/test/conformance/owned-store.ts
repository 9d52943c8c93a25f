import assert from "node:assert/strict";
import { ErrorReason } from "@maru/protocol";
import type { Store } from "../../src/domain/store.ts";
import { MaruError } from "../../src/errors.ts";
import type { OwnedCase } from "./owned-case.ts";
import { found, openRoom, refused, say } from "./scene.ts";

/** A store that can be made to answer otherwise later. */
function switched(otherwise: Partial<Store>) {
  let isBroken = false;
  return {
    break() {
      isBroken = true;
    },
    distort: (store: Store): Store =>
      new Proxy(store, {
        get: (target, name, receiver) =>
          Reflect.get(isBroken && name in otherwise ? otherwise : target, name, receiver),
      }),
  };
}

export const ownedStoreCases: readonly OwnedCase[] = [
  {
    name: "a server without brokers does not compare the topic with the table",
    refuses: ["TOPIC_NOT_CONFIGURED"],
    async run(start) {
      const context = await start();
      await refused("TOPIC_NOT_CONFIGURED", context.admin.runReconcile({}));
    },
  },
  {
    name: "a server without Redis does not say who is connected",
    refuses: ["REALTIME_UNAVAILABLE"],
    async run(start) {
      const context = await start();
      await refused("REALTIME_UNAVAILABLE", context.presence.batchGetPresence({ userIds: ["ann"] }));
    },
  },
  {
    name: "a table that is away is told as such",
    refuses: ["STORE_UNAVAILABLE"],
    async run(start) {
      const readRoom = async () => {
        throw new MaruError(ErrorReason.STORE_UNAVAILABLE);
      };
      const store = switched({ readRoom });
      const context = await start({ distort: store.distort });
      const roomId = await openRoom(context);
      store.break();
      await refused("STORE_UNAVAILABLE", context.rooms.getRoom({ roomId }));
    },
  },
  {
    name: "a room that lives in another system is read, and not written",
    refuses: ["ROOM_NOT_SERVED_HERE"],
    async run(start) {
      const distort = (store: Store): Store => ({
        ...store,
        async readRoom(roomId) {
          const room = await store.readRoom(roomId);
          return room && { ...room, authority: "postgresql" };
        },
      });
      const context = await start({ distort });
      const roomId = await openRoom(context);
      const error = await refused("ROOM_NOT_SERVED_HERE", say(context, roomId, "hello"));
      assert.equal(error.metadata.authority, "postgresql");
      await context.rooms.getRoom({ roomId });
    },
  },
  {
    name: "what nobody foresaw says no more than where to look",
    refuses: ["INTERNAL"],
    async run(start) {
      const readRoom = async () => {
        throw new TypeError("a secret of the inside");
      };
      const store = switched({ readRoom });
      const context = await start({ distort: store.distort });
      const roomId = await openRoom(context);
      store.break();
      const { message, requestId } = await refused("INTERNAL", context.rooms.getRoom({ roomId }));
      assert.ok(!message.includes("secret"));
      const line = context.server.logged.find((one) => one.request_id === requestId && one.level === "error");
      assert.ok(JSON.stringify(line).includes("a secret of the inside"));
    },
  },
  {
    name: "a write that does not come through among others is not there",
    refuses: ["APPEND_CONTENDED"],
    async run(start) {
      const store = switched({ putEntry: async () => ({ kind: "conflict" }) });
      const context = await start({ distort: store.distort });
      const roomId = await openRoom(context);
      store.break();
      const { retryAfterMs } = await refused("APPEND_CONTENDED", say(context, roomId, "hi"));
      assert.ok(found(retryAfterMs) > 0);
      assert.equal((await context.rooms.getRoom({ roomId })).room?.lastSeq, 1);
    },
  },
  {
    name: "a call without a deadline gets the server's",
    refuses: ["DEADLINE_EXCEEDED"],
    async run(start) {
      const store = switched({ readRoom: () => new Promise(() => {}) });
      const settings = { MARU_DEFAULT_DEADLINE_MS: "300", MARU_DRAIN_TIMEOUT_MS: "100" };
      const context = await start({ settings, distort: store.distort });
      const roomId = await openRoom(context);
      store.break();
      await refused("DEADLINE_EXCEEDED", context.rooms.getRoom({ roomId }, { timeoutMs: 0 }));
    },
  },
  {
    name: "a server that shuts down sends its callers elsewhere",
    refuses: ["DRAINING"],
    async run(start) {
      const context = await start();
      const roomId = await openRoom(context);
      await context.server.drain();
      await refused("DRAINING", context.rooms.getRoom({ roomId }));
      await refused("DRAINING", Array.fromAsync(context.events.watchRoom({ roomId })));
    },
  },
];
