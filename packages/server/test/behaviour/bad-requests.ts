import type { DescMethod } from "@bufbuild/protobuf";
import { EventService, MessageService, ReadService, RoomService } from "@maru/protocol";
import { names } from "./scene.ts";

/** A request that can be written down and may not be asked. */
export interface BadRequest {
  readonly name: string;
  readonly method: DescMethod;
  request(roomId: string): object;
  /** Paths of the fields that the refusal names. */
  readonly fields: readonly string[];
}

const ann = { kind: { case: "userId", value: "ann" } };
const text = (value: string) => ({ kind: { case: "text", value: { text: value } } });
const { createRoom, findOrCreateDirect, getRoom, batchGetRooms, addMembers, removeMembers, listMembers } =
  RoomService.method;
const { sendMessage, getMessage, listMessages } = MessageService.method;
const { listEntries } = EventService.method;
const { markRead, getReadMarkers } = ReadService.method;

const message = (roomId: string, changes: object) => ({ roomId, actor: ann, content: text("hi"), ...changes });
const joining = (roomId: string, changes: object) => ({ roomId, actor: ann, members: [{ userId: "bob" }], ...changes });
const paged = [listMembers, listMessages, listEntries, getReadMarkers];
const ofOneRoom = [...paged, getRoom];

export const badRequests: readonly BadRequest[] = [
  {
    name: "a message without anything",
    method: sendMessage,
    request: () => ({}),
    fields: ["room_id", "actor", "content"],
  },
  { name: "a mark without anything", method: markRead, request: () => ({}), fields: ["room_id", "actor", "seq"] },
  { name: "a room without anything", method: createRoom, request: () => ({}), fields: ["actor", "kind", "kind"] },
  {
    name: "a direct room without anything",
    method: findOrCreateDirect,
    request: () => ({}),
    fields: ["actor", "kind", "kind", "user_ids"],
  },
  { name: "rooms without ids", method: batchGetRooms, request: () => ({}), fields: ["room_ids"] },
  {
    name: "joining without anything",
    method: addMembers,
    request: () => ({}),
    fields: ["room_id", "actor", "members"],
  },
  {
    name: "leaving without anything",
    method: removeMembers,
    request: () => ({}),
    fields: ["room_id", "actor", "user_ids"],
  },
  { name: "a message of no number", method: getMessage, request: (roomId) => ({ roomId }), fields: ["seq"] },
  ...ofOneRoom.flatMap((method) => [
    { name: `${method.name} without a room`, method, request: () => ({}), fields: ["room_id"] },
    {
      name: `${method.name} with an id that is no id`,
      method,
      request: () => ({ roomId: "a/b" }),
      fields: ["room_id"],
    },
    {
      name: `${method.name} with an endless id`,
      method,
      request: () => ({ roomId: "x".repeat(129) }),
      fields: ["room_id"],
    },
  ]),
  ...paged.flatMap((method) =>
    [-1, 201, -2_147_483_648, 2_147_483_647].map((pageSize) => ({
      name: `${method.name} with pages of ${pageSize}`,
      method,
      request: (roomId: string) => ({ roomId, pageSize }),
      fields: ["page_size"],
    })),
  ),
  {
    name: "an actor of no kind",
    method: sendMessage,
    request: (id) => message(id, { actor: {} }),
    fields: ["actor.kind"],
  },
  {
    name: "content of no kind",
    method: sendMessage,
    request: (id) => message(id, { content: {} }),
    fields: ["content.kind"],
  },
  {
    name: "a user without an id",
    method: sendMessage,
    request: (id) => message(id, { actor: { kind: { case: "userId", value: "" } } }),
    fields: ["actor.user_id"],
  },
  {
    name: "a user whose id holds a NUL",
    method: sendMessage,
    request: (id) => message(id, { actor: { kind: { case: "userId", value: "a\u0000b" } } }),
    fields: ["actor.user_id"],
  },
  {
    name: "a user with the name of a partition of the index",
    method: sendMessage,
    request: (id) => message(id, { actor: { kind: { case: "userId", value: "#rooms#5" } } }),
    fields: ["actor.user_id"],
  },
  {
    name: "a new member with the name of a partition of the index",
    method: addMembers,
    request: (id) => joining(id, { members: [{ userId: "bob" }, { userId: "#held#0" }] }),
    fields: ["members[1].user_id"],
  },
  {
    name: "a text of 400 KB",
    method: sendMessage,
    request: (id) => message(id, { content: text("x".repeat(400_000)) }),
    fields: ["content.text.text"],
  },
  {
    name: "an empty text",
    method: sendMessage,
    request: (id) => message(id, { content: text("") }),
    fields: ["content.text.text"],
  },
  {
    name: "31 pictures",
    method: sendMessage,
    request: (id) =>
      message(id, {
        content: { kind: { case: "media", value: { items: Array(31).fill({ url: "u", mediaType: "m/m" }) } } },
      }),
    fields: ["content.media.items"],
  },
  {
    name: "a place off the earth",
    method: sendMessage,
    request: (id) =>
      message(id, {
        content: { kind: { case: "location", value: { latitude: Number.POSITIVE_INFINITY, longitude: -181 } } },
      }),
    fields: ["content.location.latitude", "content.location.longitude"],
  },
  {
    name: "a key with a space",
    method: sendMessage,
    request: (id) => message(id, { idempotencyKey: "a key" }),
    fields: ["idempotency_key"],
  },
  {
    name: "an endless key",
    method: sendMessage,
    request: (id) => message(id, { idempotencyKey: "k".repeat(129) }),
    fields: ["idempotency_key"],
  },
  {
    name: "51 mentions",
    method: sendMessage,
    request: (id) => message(id, { mentions: Array(51).fill({ target: { case: "everybody", value: {} } }) }),
    fields: ["mentions"],
  },
  {
    name: "91 members at once",
    method: addMembers,
    request: (id) => joining(id, { members: names("user", 91).map((userId) => ({ userId })) }),
    fields: ["members"],
  },
  {
    name: "91 members to remove",
    method: removeMembers,
    request: (roomId) => ({ roomId, actor: ann, userIds: names("user", 91) }),
    fields: ["user_ids"],
  },
  {
    name: "a role that does not exist",
    method: addMembers,
    request: (id) => joining(id, { members: [{ userId: "bob", role: 99 }] }),
    fields: ["members[0].role"],
  },
  {
    name: "an order that does not exist",
    method: listMessages,
    request: (roomId) => ({ roomId, order: 99 }),
    fields: ["order"],
  },
  {
    name: "a kind of room that no name can be",
    method: createRoom,
    request: () => ({ actor: ann, kind: "Group chat" }),
    fields: ["kind"],
  },
  {
    name: "65 attributes",
    method: createRoom,
    request: () => ({
      actor: ann,
      kind: "group",
      attributes: Object.fromEntries(names("name", 65).map((name) => [name, ""])),
    }),
    fields: ["attributes"],
  },
  {
    name: "an attribute without a name, and one that is too large",
    method: createRoom,
    request: () => ({ actor: ann, kind: "group", attributes: { "": "x", big: "x".repeat(1025) } }),
    fields: ['attributes[""]', 'attributes["big"]'],
  },
  {
    name: "101 rooms at once",
    method: batchGetRooms,
    request: () => ({ roomIds: names("room", 101) }),
    fields: ["room_ids"],
  },
  {
    name: "two bounds that mean the same",
    method: listMessages,
    request: (roomId) => ({ roomId, before: 1, beforeTime: { seconds: 1n } }),
    fields: [""],
  },
];
