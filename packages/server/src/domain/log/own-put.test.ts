import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  ActorSchema,
  CreateRoomRequestSchema,
  FindOrCreateDirectRequestSchema,
  LeaveRoomRequestSchema,
} from "@maru/protocol";
import { expect, it } from "vitest";
import { noCardTypes } from "../../../test/cards/no-card-types.ts";
import { createMemoryStore } from "../../store/memory.ts";
import { eraseRoom } from "../admin/erase-room.ts";
import type { Call } from "../call.ts";
import { type Domain, defaultDomainLimits } from "../domain.ts";
import { createRoom } from "../rooms/create.ts";
import { findOrCreateDirect } from "../rooms/find-or-create-direct.ts";
import { leaveRoom } from "../rooms/leave.ts";
import { anyKind } from "../rooms/room-kind.ts";
import type { Store } from "../store.ts";
import { createLog, defaultLogLimits } from "./log.ts";

const call: Call = { caller: "shop", method: { name: "tests" }, signal: new AbortController().signal };
const service = create(ActorSchema, { kind: { case: "service", value: { name: "" } } });

/** A store whose answers to puts are lost: what tries again finds its own entry. */
function losesAnswers(store: Store): Store {
  return {
    ...store,
    async putEntry(...put) {
      await store.putEntry(...put);
      return store.putEntry(...put);
    },
    async putEntryWithState(...put) {
      await store.putEntryWithState(...put);
      return store.putEntryWithState(...put);
    },
  };
}

function startServer(): Domain {
  const store = losesAnswers(createMemoryStore());
  const log = createLog({
    store,
    clock: { nowMs: Date.now },
    random: () => 0,
    sleep: async () => undefined,
    newKey: randomUUID,
    limits: defaultLogLimits,
  });
  return { store, log, limits: defaultDomainLimits, cards: noCardTypes, kinds: anyKind };
}

const typesOf = async ({ store }: Domain, roomId: string) =>
  (await store.readEntries({ roomId, limit: 100 })).map(({ entry }) => entry.type);

it("an erasure whose put was answered too late is written once", async () => {
  const server = startServer();
  const request = create(CreateRoomRequestSchema, { kind: "group", actor: service, members: [{ userId: "ann" }] });
  const { roomId } = (await createRoom(server, call, request)).room;
  await Array.fromAsync(eraseRoom(server, call, { roomId, userId: "ann" }));
  expect(await typesOf(server, roomId)).toEqual(["room_created", "user_erased"]);
});

it.each(["", randomUUID()])(
  "a user whose joining again was answered too late joins once, with the key %j",
  async (key) => {
    const server = startServer();
    const actor = create(ActorSchema, { kind: { case: "userId", value: "ann" } });
    const ask = (idempotencyKey: string) => {
      const request = { actor, kind: "direct", userIds: ["ann", "bob"], idempotencyKey };
      return findOrCreateDirect(server, call, create(FindOrCreateDirectRequestSchema, request));
    };
    const { roomId } = (await ask("")).room;
    await leaveRoom(server, call, create(LeaveRoomRequestSchema, { roomId, actor }));
    expect(await ask(key)).toMatchObject({ created: false, room: { memberCount: 2, lastSeq: 3 } });
    expect(await typesOf(server, roomId)).toEqual(["room_created", "member_left", "members_added"]);
  },
);
