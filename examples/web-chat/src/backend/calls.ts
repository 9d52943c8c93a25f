import { create, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Maru, MemberRole, service, user } from "@maru/client";
import {
  GetRoomResponseSchema,
  ListMembersResponseSchema,
  ListMessagesResponseSchema,
  ListOrder,
  ListRoomsResponseSchema,
} from "@maru/protocol";
import type { PaymentRequest } from "../../gen/acme/webchat/v1/payment_request_pb.js";
import { userIdOf } from "../view/people.ts";
import type { Facts } from "./facts.ts";
import { pay, requestPayment } from "./payments.ts";
import { Refusal } from "./refusal.ts";
import type { UserTokens } from "./user-tokens.ts";

export interface CallDeps {
  readonly maru: Pick<Maru, "cards" | "messages" | "rooms">;
  readonly tokens: UserTokens;
  /** Where browsers find the gateway. */
  readonly gatewayUrl: string;
  /** The room that everybody is put into who logs in. */
  readonly lobbyId: string;
  readonly moveMoney: (payment: PaymentRequest) => Promise<void>;
}

/** Whoever says so is that user: this is a demo. */
export async function logIn({ maru, tokens, gatewayUrl, lobbyId }: CallDeps, facts: Facts): Promise<JsonObject> {
  const userId = userIdIn(facts.text("name"));
  await maru.rooms.addMembers({ roomId: lobbyId, actor: service(), members: [{ userId }] });
  return { userId, gatewayUrl, token: await tokens.sign(userId) };
}

/** A ListRoomsResponse. */
export async function listRooms({ maru }: CallDeps, userId: string): Promise<JsonValue> {
  return toJson(ListRoomsResponseSchema, await maru.rooms.list({ userId, pageSize: 100 }));
}

export async function createRoom({ maru }: CallDeps, me: string, facts: Facts): Promise<JsonObject> {
  const others = new Set(facts.texts("names").map(userIdIn));
  others.delete(me);
  const { room } = await maru.rooms.create({
    actor: user(me),
    kind: "group",
    title: facts.text("title"),
    members: [{ userId: me, role: MemberRole.ADMIN }, ...[...others].map((userId) => ({ userId }))],
    idempotencyKey: facts.text("idempotencyKey"),
  });
  return { roomId: room?.roomId ?? "" };
}

/**
 * The room as it is (GetRoomResponse), its members (ListMembersResponse) and its newest messages (ListMessagesResponse). The
 * room is read first: what happened after its `lastSeq` may be in the messages or not, and comes through the gateway.
 */
export async function openRoom({ maru }: CallDeps, me: string, roomId: string): Promise<JsonObject> {
  const { room } = await maru.rooms.get({ roomId });
  const [members, messages] = await Promise.all([
    maru.rooms.listMembers({ roomId, pageSize: 200 }),
    listMessages({ maru }, me, { roomId }),
  ]);
  return {
    room: toJson(GetRoomResponseSchema, create(GetRoomResponseSchema, { room })),
    members: toJson(ListMembersResponseSchema, members),
    messages,
  };
}

/** A ListMessagesResponse: the newest messages, or those before a number. Refused for whoever is no member. */
export async function listMessages(
  { maru }: Pick<CallDeps, "maru">,
  me: string,
  { roomId, before }: { readonly roomId: string; readonly before?: number },
): Promise<JsonValue> {
  const bound = before === undefined ? {} : { before };
  const order = ListOrder.NEWEST_FIRST;
  const page = await maru.messages.list({ roomId, actor: user(me), order, pageSize: 50, ...bound });
  return toJson(ListMessagesResponseSchema, page);
}

export async function askForMoney(deps: CallDeps, me: string, roomId: string, facts: Facts): Promise<JsonObject> {
  const seq = await requestPayment(deps, me, {
    roomId,
    payerId: facts.text("payerId"),
    title: facts.text("title"),
    amountMinor: BigInt(facts.count("amountMinor")),
    idempotencyKey: facts.text("idempotencyKey"),
  });
  return { seq };
}

export async function payFor(deps: CallDeps, me: string, roomId: string, seq: number): Promise<JsonObject> {
  await pay(deps, me, { roomId, seq });
  return {};
}

function userIdIn(name: string): string {
  const userId = userIdOf(name);
  if (userId === undefined)
    throw new Refusal(400, "NAME_INVALID", `"${name}" is no name: it needs a letter or a digit`);
  return userId;
}
