import { TransactionCanceledException, TransactWriteItemsCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ActorSchema, EntrySchema, RoomHandedBackSchema } from "@maru/protocol";
import { toItem } from "@maru/server/store/items.ts";
import { entryKey, metaKey } from "@maru/server/store/keys.ts";
import type { ImportSettings } from "../room-log/import-settings.ts";
import type { Target } from "./connect-target.ts";
import { readRoomCursor } from "./room-cursor.ts";

const maxTries = 100;

/** Writes behind everything that was written to the room that it lives in the source again. False: it does already, or is not there. */
export async function handBack(target: Target, settings: ImportSettings, roomId: string): Promise<boolean> {
  const { client, table: TableName } = target;
  for (let tries = 0; tries < maxTries; tries++) {
    const cursor = await readRoomCursor(target, roomId);
    if (cursor === undefined || cursor.room.authority !== "") return false;
    const seq = cursor.tailSeq + 1;
    const nowMs = Date.now();
    const entry = create(EntrySchema, {
      ...{ roomId, seq, stateSeq: seq, type: "room_handed_back", caller: settings.caller },
      actor: create(ActorSchema, { kind: { case: "system", value: {} } }),
      createdAt: timestampFromMs(Math.max(nowMs, cursor.tailMs)),
      idempotencyKey: `handed-back/${seq}`,
      body: { case: "roomHandedBack", value: create(RoomHandedBackSchema, { authority: settings.source }) },
    });
    const Item = toItem({ entry, requestHash: undefined, appendedAtMs: nowMs });
    try {
      await client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName, Item, ConditionExpression: "attribute_not_exists(sk)" } },
            {
              Update: {
                TableName,
                Key: metaKey(roomId),
                UpdateExpression: "SET authority = :authority, state_seq = :seq, handed_back_seq = :seq",
                ExpressionAttributeValues: { ":authority": { S: settings.source }, ":seq": { N: String(seq) } },
                ConditionExpression: "attribute_exists(sk)",
              },
            },
          ],
        }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
    }
  }
  throw new Error(`room ${roomId} is written so often that it could not be handed back`);
}

/** Notes what an entry that was written here is in the source. */
export async function noteSourceId(
  { client, table: TableName }: Target,
  place: { readonly roomId: string; readonly seq: number },
  id: string,
): Promise<void> {
  await client.send(
    new UpdateItemCommand({
      TableName,
      Key: entryKey(place.roomId, place.seq),
      UpdateExpression: "SET source_id = :id",
      ConditionExpression: "attribute_exists(sk)",
      ExpressionAttributeValues: { ":id": { S: id } },
    }),
  );
}
