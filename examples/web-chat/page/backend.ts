import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  GetRoomResponseSchema,
  ListMembersResponseSchema,
  ListMessagesResponseSchema,
  ListRoomsResponseSchema,
  type RoomSummary,
} from "@maru/protocol";
import type { OpenedRoom } from "../src/view/chat.ts";

/** What the backend refused, in words for people. */
export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface LoggedIn {
  readonly userId: string;
  readonly token: string;
  readonly gatewayUrl: string;
}

/** The app's own backend: what needs no socket. */
export interface Backend {
  readonly me: string;
  readonly gatewayUrl: string;
  /** A token that is good for a while yet. */
  freshToken(): Promise<string>;
  listRooms(): Promise<readonly RoomSummary[]>;
  openRoom(roomId: string): Promise<OpenedRoom>;
  listOlder(roomId: string, before: number): Promise<Pick<OpenedRoom, "entries" | "hasOlder">>;
  createRoom(room: { title: string; names: readonly string[]; idempotencyKey: string }): Promise<string>;
  askForMoney(
    roomId: string,
    request: { payerId: string; title: string; amountMinor: number; idempotencyKey: string },
  ): Promise<void>;
  pay(roomId: string, seq: number): Promise<void>;
}

export async function logIn(name: string): Promise<Backend> {
  const first = (await call("POST", "login", { body: { name } })) as unknown as LoggedIn;
  let { token } = first;
  const freshToken = async () => {
    ({ token } = (await call("POST", "login", { body: { name } })) as unknown as LoggedIn);
    return token;
  };
  const ask = async (method: string, path: string, body?: object): Promise<JsonObject> => {
    try {
      return await call(method, path, { token, ...(body && { body }) });
    } catch (error) {
      if (!(error instanceof BackendError && error.reason === "TOKEN_INVALID")) throw error;
      return call(method, path, { token: await freshToken(), ...(body && { body }) });
    }
  };
  const room = (roomId: string) => `rooms/${encodeURIComponent(roomId)}`;
  return {
    me: first.userId,
    gatewayUrl: first.gatewayUrl,
    freshToken,
    listRooms: async () => fromJson(ListRoomsResponseSchema, await ask("GET", "rooms"), tolerant).rooms,
    openRoom: async (roomId) => {
      const answer = await ask("GET", room(roomId));
      const opened = fromJson(GetRoomResponseSchema, answer.room ?? {}, tolerant).room;
      if (opened === undefined) throw new BackendError("INTERNAL", "the backend answered without the room");
      const { members } = fromJson(ListMembersResponseSchema, answer.members ?? {}, tolerant);
      return { room: opened, members, ...toPage(answer.messages ?? {}) };
    },
    listOlder: async (roomId, before) => toPage(await ask("GET", `${room(roomId)}/messages?before=${before}`)),
    createRoom: async (wanted) => String((await ask("POST", "rooms", wanted)).roomId),
    askForMoney: async (roomId, request) => void (await ask("POST", `${room(roomId)}/payments`, request)),
    pay: async (roomId, seq) => void (await ask("POST", `${room(roomId)}/payments/${seq}/pay`)),
  };
}

type JsonObject = { [name: string]: JsonValue };

const tolerant = { ignoreUnknownFields: true };

function toPage(answer: JsonValue): Pick<OpenedRoom, "entries" | "hasOlder"> {
  const { entries, nextPageToken } = fromJson(ListMessagesResponseSchema, answer, tolerant);
  return { entries, hasOlder: nextPageToken !== "" };
}

async function call(
  method: string,
  path: string,
  { token, body }: { readonly token?: string; readonly body?: object },
): Promise<JsonObject> {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`/api/${path}`, { method, headers, body: body ? JSON.stringify(body) : null }).catch(
    () => {
      throw new BackendError("OFFLINE", "the backend cannot be reached");
    },
  );
  const answer = (await response.json()) as JsonObject;
  if (!response.ok) throw new BackendError(String(answer.reason), String(answer.message));
  return answer;
}
