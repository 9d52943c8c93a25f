import { createRouterTransport } from "@connectrpc/connect";
import { MessageService, type ReadMarker, type Room, RoomService, type SendMessageResponse } from "@maru/protocol";
import { describe, expect, expectTypeOf, test } from "vitest";
import { text, user } from "./index.ts";
import { createNounClients, nouns, toVerb } from "./nouns.ts";
import { paginate } from "./pages.ts";

const clients = createNounClients(
  createRouterTransport((router) => {
    router.service(RoomService, { getRoom: ({ roomId }) => ({ room: { roomId } }) });
    router.service(MessageService, { sendMessage: ({ roomId }) => ({ entry: { roomId, seq: 1 } }) });
  }),
);

describe("verbs", () => {
  test.each([
    ["sendMessage", "Message", "send"],
    ["listMessages", "Message", "list"],
    ["getRoom", "Room", "get"],
    ["batchGetRooms", "Room", "batchGet"],
    ["addMembers", "Room", "addMembers"],
    ["findOrCreateDirect", "Room", "findOrCreateDirect"],
    ["listEntries", "Event", "listEntries"],
    ["markRead", "", "markRead"],
    ["room", "room", "room"],
  ])("%s without %j is %s", (method, noun, verb) => {
    expect(toVerb(method, noun)).toBe(verb);
  });

  test("every method of every noun has its own", () => {
    for (const [name, { service }] of Object.entries(nouns)) {
      const client = Object.entries(clients).find(([noun]) => noun === name)?.[1];
      expect(Object.keys(client ?? {})).toHaveLength(service.methods.length);
    }
  });

  test("call what they are made from", async () => {
    expect(await clients.rooms.get({ roomId: "r1" })).toMatchObject({ room: { roomId: "r1" } });
  });
});

describe("types", () => {
  test("requests and responses are those of the contract", () => {
    expectTypeOf(clients.messages.send).returns.resolves.toEqualTypeOf<SendMessageResponse>();
    expectTypeOf(clients.rooms.get).returns.resolves.toHaveProperty("room").toEqualTypeOf<Room | undefined>();
    expectTypeOf(clients.reads.markRead)
      .returns.resolves.toHaveProperty("marker")
      .toEqualTypeOf<ReadMarker | undefined>();
    expectTypeOf<"send" | "get" | "list" | "edit" | "delete" | "pin">().toExtend<keyof typeof clients.messages>();
    expectTypeOf<keyof typeof clients.reads>().toEqualTypeOf<
      "markRead" | "getReadMarkers" | "getUnreadCount" | "batchGetUnreadCounts"
    >();
  });

  test("wrong fields, wrong values and unknown methods do not compile", () => {
    const never = () => [
      clients.messages.send({ roomId: "r", actor: user("u"), content: text("hi") }),
      // @ts-expect-error a field that the contract does not have
      clients.messages.send({ room: "r" }),
      // @ts-expect-error a number where the contract has a string
      clients.messages.send({ roomId: 1 }),
      // @ts-expect-error the text itself is no content
      clients.messages.send({ roomId: "r", content: "hi" }),
      // @ts-expect-error an option that calls do not have
      clients.rooms.get({ roomId: "r" }, { timeout: 5 }),
      // @ts-expect-error the noun is not part of the name
      clients.messages.sendMessage,
      // @ts-expect-error a method that does not answer in pages
      paginate(clients.rooms.get, { roomId: "r" }),
      // @ts-expect-error a field that the request does not have
      paginate(clients.messages.list, { roomId: "r", afterSeq: 4 }),
    ];
    expectTypeOf(never).toBeFunction();
  });
});
