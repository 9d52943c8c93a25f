import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { ErrorReason, type Room } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import { batchGet } from "./batch-get.ts";
import { fromMetaItem } from "./items.ts";
import { metaKey } from "./keys.ts";
import { reaching } from "./store-error.ts";
import { countRead, type TableAccess } from "./table-access.ts";
import { updateIf } from "./update-if.ts";

export async function readRoom(table: TableAccess, roomId: string): Promise<Room | undefined> {
  const command = new GetItemCommand({
    TableName: table.tableName,
    Key: metaKey(roomId),
    ConsistentRead: true,
    ReturnConsumedCapacity: "TOTAL",
  });
  const { Item, ConsumedCapacity } = await reaching(table.client.send(command));
  countRead(table, "read_room", ConsumedCapacity);
  return Item && fromMetaItem(Item);
}

export async function readRooms(table: TableAccess, roomIds: readonly string[]): Promise<Map<string, Room>> {
  const items = await batchGet(table, "read_rooms", [...new Set(roomIds)].map(metaKey));
  return new Map(items.map(fromMetaItem).map((room) => [room.roomId, room]));
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
