import { DeleteItemCommand, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { entryKey, type ItemKey, memberKey } from "@maru/server/store/keys.ts";
import type { Target } from "../../src/target/connect-target.ts";
import { queryRoom } from "../../src/target/room-items.ts";
import type { DifferenceKind } from "../../src/verify/find-differences.ts";

export interface Planted {
  readonly roomId: string;
  readonly kind: DifferenceKind;
}

/** Spoils one thing in each of five rooms: a character, a message, the order of two, a read position, and a member too many. */
export async function plantFaults(target: Target, roomIds: readonly string[]): Promise<Planted[]> {
  const [textRoom = "", missingRoom = "", orderRoom = "", readerRoom = "", ghostRoom = ""] = roomIds;
  const { client, table: TableName } = target;
  const put = (Item: AttributeMap) => client.send(new PutItemCommand({ TableName, Item }));
  const get = async (Key: ItemKey) => (await client.send(new GetItemCommand({ TableName, Key }))).Item ?? {};

  const said = await messagesOf(target, textRoom);
  const one = said.find(({ body }) => body?.M?.content?.M?.text !== undefined);
  if (one === undefined) throw new Error(`room ${textRoom} has no text`);
  await put({ ...one, body: JSON.parse(JSON.stringify(one.body).replace(/("text":\{"S":")./, "$1§")) });

  const [gone] = await messagesOf(target, missingRoom);
  await client.send(new DeleteItemCommand({ TableName, Key: entryKey(missingRoom, Number(gone?.seq?.N)) }));

  const [first, second] = await messagesOf(target, orderRoom);
  if (first === undefined || second === undefined) throw new Error(`room ${orderRoom} is too short`);
  const [a, b] = [entryKey(orderRoom, Number(first.seq?.N)), entryKey(orderRoom, Number(second.seq?.N))];
  await put({ ...second, ...a, seq: first.seq as AttributeMap[string] });
  await put({ ...first, ...b, seq: second.seq as AttributeMap[string] });

  const reader = await readerOf(target, readerRoom);
  await put({ ...(await get(memberKey(readerRoom, reader))), read_seq: { N: "1" } });

  const ghost = {
    ...memberKey(ghostRoom, "999999999"),
    owner: { S: "999999999" },
    joined_seq: { N: "1" },
    v: { N: "1" },
  };
  await put({ ...ghost, role: { S: "MEMBER_ROLE_MEMBER" } });
  return [
    { roomId: textRoom, kind: "text" },
    { roomId: missingRoom, kind: "message_missing" },
    { roomId: orderRoom, kind: "order" },
    { roomId: readerRoom, kind: "read_position" },
    { roomId: ghostRoom, kind: "member_ghost" },
  ];
}

async function messagesOf(target: Target, roomId: string): Promise<AttributeMap[]> {
  const pages = await Array.fromAsync(queryRoom(target, roomId, { consistent: true }));
  return pages.flat().filter(({ type }) => type?.S === "message_sent");
}

async function readerOf(target: Target, roomId: string): Promise<string> {
  const pages = await Array.fromAsync(queryRoom(target, roomId, { consistent: true }));
  const found = pages.flat().find(({ sk, read_seq }) => sk?.S?.startsWith("member#") && Number(read_seq?.N) > 2);
  if (found?.sk?.S === undefined) throw new Error(`nobody has read anything in room ${roomId}`);
  return found.sk.S.slice("member#".length);
}
