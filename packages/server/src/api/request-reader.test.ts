import { create } from "@bufbuild/protobuf";
import * as protocol from "@maru/protocol";
import { expect, test } from "vitest";
import { requestReader } from "./request-reader.ts";

const methods = Object.values(protocol).flatMap((desc) =>
  typeof desc === "object" && "kind" in desc && desc.kind === "service" ? desc.methods : [],
);

test("what each call reaches is known from its request; those that name a room are all the others", () => {
  const reaches = methods.map(
    (method) => [`${method.parent.name}/${method.name}`, requestReader(method).reach] as const,
  );
  expect(Object.fromEntries(reaches.filter(([, reach]) => reach !== "rooms"))).toEqual({
    "RoomService/CreateRoom": "kind",
    "RoomService/FindOrCreateDirect": "kind",
    "RoomService/ListRooms": "kinds",
    "CardService/RegisterCardTypes": "roomless",
    "CardService/ListCardTypes": "roomless",
    "CardService/GetCardType": "roomless",
    "PresenceService/BatchGetPresence": "roomless",
    "AdminService/EraseUser": "all",
    "AdminService/RunRetention": "all",
    "AdminService/RunReconcile": "all",
    "AdminService/GetJob": "all",
    "AdminService/ListJobs": "all",
    "AdminService/VerifyRooms": "all",
  });
});

test("rooms are found where the request names one, names several, and names them inside of others", () => {
  const { getRoom, batchGetRooms } = protocol.RoomService.method;
  expect(requestReader(getRoom).roomIdsOf(create(getRoom.input, { roomId: "a" }))).toEqual(["a"]);
  expect(requestReader(batchGetRooms).roomIdsOf(create(batchGetRooms.input, { roomIds: ["a", "b"] }))).toEqual([
    "a",
    "b",
  ]);
  const { batchGetUnreadCounts } = protocol.ReadService.method;
  const members = [
    { roomId: "a", userId: "ann" },
    { roomId: "b", userId: "ann" },
  ];
  expect(requestReader(batchGetUnreadCounts).roomIdsOf(create(batchGetUnreadCounts.input, { members }))).toEqual([
    "a",
    "b",
  ]);
});

test("every request with an actor shows it", () => {
  for (const method of methods.filter(({ input }) => input.fields.some(({ name }) => name === "actor"))) {
    const actor = create(protocol.ActorSchema, { kind: { case: "userId", value: "ann" } });
    const reader = requestReader(method);
    expect(reader.actorOf(create(method.input, { actor }))).toEqual(actor);
    expect(reader.actorOf(create(method.input))).toBeUndefined();
  }
});

test("what an audit line says of a call is nothing that somebody wrote", () => {
  const { sendMessage } = protocol.MessageService.method;
  const content = { kind: { case: "text" as const, value: { text: "secret" } } };
  const request = create(sendMessage.input, { roomId: "a", idempotencyKey: "k" });
  expect(requestReader(sendMessage).subjectOf({ ...request, content } as never)).toEqual({});
  const { eraseUser } = protocol.AdminService.method;
  expect(requestReader(eraseUser).subjectOf(create(eraseUser.input, { userId: "ann" }))).toEqual({ user_id: "ann" });
});
