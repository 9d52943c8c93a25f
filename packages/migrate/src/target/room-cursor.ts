import { GetItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Room } from "@maru/protocol";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { importPosition } from "@maru/server/store/imported-items.ts";
import { fromItem, fromMetaItem } from "@maru/server/store/items.ts";
import { entrySortKey, metaKey } from "@maru/server/store/keys.ts";
import type { Position } from "../room-log/position.ts";
import { compareIds } from "../room-log/source-rows.ts";
import type { Target } from "./connect-target.ts";

/** The end of a room's log, as far as it must be known to write behind it. */
export interface RoomCursor {
  room: Room;
  tailSeq: number;
  stateSeq: number;
  tailMs: number;
  /** Everything of the source up to here is in. */
  position: Position;
  /** Where events began, or will begin again: behind what was handed back last. */
  handedBackSeq: number;
}

/** Undefined when the room is not there. */
export async function readRoomCursor(target: Target, roomId: string): Promise<RoomCursor | undefined> {
  const { client, table: TableName } = target;
  const [tail] = await queryEntries(target, roomId, { newestFirst: true, limit: 1 });
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: metaKey(roomId), ConsistentRead: true }));
  if (Item === undefined || tail === undefined) return undefined;
  const { entry } = fromItem(tail);
  const positions = [tail, Item].map((item) => item[importPosition]?.S ?? "").sort();
  return {
    room: fromMetaItem(Item),
    tailSeq: entry.seq,
    stateSeq: entry.stateSeq,
    tailMs: entry.createdAt === undefined ? 0 : timestampMs(entry.createdAt),
    position: positions.at(-1) ?? "",
    handedBackSeq: Number(Item.handed_back_seq?.N ?? 0),
  };
}

export async function queryEntries(
  { client, table: TableName }: Target,
  roomId: string,
  range: { readonly newestFirst: boolean; readonly limit: number; readonly before?: number; readonly after?: number },
): Promise<AttributeMap[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: "room_id = :room AND sk BETWEEN :first AND :last",
      ExpressionAttributeValues: {
        ":room": { S: roomId },
        ":first": { S: entrySortKey((range.after ?? 0) + 1) },
        ":last": { S: entrySortKey((range.before ?? 4_294_967_296) - 1) },
      },
      ScanIndexForward: !range.newestFirst,
      Limit: range.limit,
    }),
  );
  return Items;
}

const pageEntries = 200;
const messageId = /^messages\/(\d+)$/;

/** The id in the source of a message's item; undefined for other entries. */
export function sourceIdOfItem(item: AttributeMap): string | undefined {
  return messageId.exec(item.imported?.M?.source_id?.S ?? "")?.[1] ?? item.source_id?.S;
}

/**
 * The number of a message, by its id in the source: exactly, or of the last one whose id is not above it. Ids ascend along the
 * log but for what was committed in another order, so it is read from the newest entry back until ids are well below.
 */
export async function findMessage(
  target: Target,
  roomId: string,
  id: string,
): Promise<{ readonly exact: number | undefined; readonly upTo: number }> {
  let best: { id: string; seq: number } | undefined;
  let pagesBelow = 0;
  for (let before: number | undefined; ; ) {
    const items = await queryEntries(target, roomId, {
      newestFirst: true,
      limit: pageEntries,
      ...(before !== undefined && { before }),
    });
    let below = true;
    for (const item of items) {
      const found = sourceIdOfItem(item);
      if (found === undefined) continue;
      const seq = Number(item.seq?.N);
      if (found === id) return { exact: seq, upTo: seq };
      if (compareIds(found, id) > 0) below = false;
      else if (best === undefined || compareIds(best.id, found) < 0) best = { id: found, seq };
    }
    before = Number(items.at(-1)?.seq?.N ?? 1);
    if (best !== undefined && below) pagesBelow++;
    // Transactions that overlap are not further apart than this.
    if (items.length < pageEntries || pagesBelow === 3) return { exact: undefined, upTo: best?.seq ?? 0 };
  }
}
