import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { ErrorReason, type Room } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { AttributeMap } from "./attribute-map.ts";
import { batchGet } from "./batch-get.ts";
import { aliasOf, fromMetaItem } from "./items.ts";
import { metaKey } from "./keys.ts";
import { reaching } from "./store-error.ts";
import { countRead, type TableAccess } from "./table-access.ts";
import { updateIf } from "./update-if.ts";

export async function readRoom(table: TableAccess, roomId: string): Promise<Room | undefined> {
  const item = await readMeta(table, "read_room", roomId);
  return item === undefined || aliasOf(item) !== undefined ? undefined : fromMetaItem(item);
}

export async function readAlias(table: TableAccess, roomId: string): Promise<string | undefined> {
  const item = await readMeta(table, "read_alias", roomId);
  return item && aliasOf(item);
}

async function readMeta(table: TableAccess, operation: string, roomId: string): Promise<AttributeMap | undefined> {
  const command = new GetItemCommand({
    TableName: table.tableName,
    Key: metaKey(roomId),
    ConsistentRead: true,
    ReturnConsumedCapacity: "TOTAL",
  });
  const { Item, ConsumedCapacity } = await reaching(table.client.send(command));
  countRead(table, operation, ConsumedCapacity);
  return Item;
}

export async function readRooms(table: TableAccess, roomIds: readonly string[]): Promise<Map<string, Room>> {
  const items = await batchGet(table, "read_rooms", [...new Set(roomIds)].map(metaKey));
  const rooms = items.filter((item) => aliasOf(item) === undefined).map(fromMetaItem);
  return new Map(rooms.map((room) => [room.roomId, room]));
}

export async function raisePurgedBelow(table: TableAccess, roomId: string, below: number): Promise<void> {
  const outcome = await updateIf(table, "raise_purged_below", {
    key: metaKey(roomId),
    fields: { purged_below: { N: String(below) } },
    condition: "attribute_exists(sk) AND (attribute_not_exists(#purged_below) OR #purged_below < :purged_below)",
  });
  if (outcome.kind === "refused" && outcome.item === undefined)
    throw new MaruError(ErrorReason.ROOM_NOT_FOUND, { metadata: { room_id: roomId } });
}
