import {
  ConditionalCheckFailedException,
  type Put,
  TransactionCanceledException,
  TransactionConflictException,
  TransactWriteItemsCommand,
  type Update,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { LoggedEntry, StateChange } from "@maru/server/domain/store.ts";
import { fieldUpdate } from "@maru/server/store/field-update.ts";
import { importPosition } from "@maru/server/store/imported-items.ts";
import { toItem } from "@maru/server/store/items.ts";
import { memberKey } from "@maru/server/store/keys.ts";
import { stateUpdates } from "@maru/server/store/state-updates.ts";
import type { Position } from "../room-log/position.ts";
import type { Target } from "./connect-target.ts";

/**
 * Puts the next entry of a room, with what it changes, and the place in the source from which it was brought. False when the
 * number is taken: somebody else has written, or an earlier attempt of this one.
 */
export async function appendImported(
  { client, table }: Target,
  logged: LoggedEntry,
  change: StateChange | undefined,
  position: Position,
  metaFields: Readonly<Record<string, { S: string } | { N: string }>> = {},
): Promise<boolean> {
  const put: Put = {
    TableName: table,
    Item: { ...toItem(logged), [importPosition]: { S: position } },
    ConditionExpression: "attribute_not_exists(sk)",
  };
  const updates = change === undefined ? [] : stateUpdates(table, logged.entry, change);
  const changed = updates.map((update) => {
    const sk = update.Key?.sk?.S ?? "";
    if (sk === "meta") return withFields(update, { [importPosition]: { S: position }, ...metaFields });
    return sk.startsWith("member#") ? withFields(update, { [importPosition]: { S: position } }) : update;
  });
  try {
    await client.send(
      new TransactWriteItemsCommand({ TransactItems: [{ Put: put }, ...changed.map((Update) => ({ Update }))] }),
    );
    return true;
  } catch (error) {
    if (error instanceof TransactionConflictException) return false;
    if (!(error instanceof TransactionCanceledException)) throw error;
    const codes = new Set((error.CancellationReasons ?? []).map(({ Code }) => Code));
    if (codes.has("ConditionalCheckFailed") || codes.has("TransactionConflict")) return false;
    throw error;
  }
}

function withFields(update: Update, fields: Readonly<Record<string, { S: string } | { N: string }>>): Update {
  const names = Object.keys(fields);
  const set = names.map((name) => `#${name} = :${name}`).join(", ");
  return {
    ...update,
    UpdateExpression: (update.UpdateExpression ?? "").replace(/^SET /, `SET ${set}, `),
    ExpressionAttributeNames: {
      ...update.ExpressionAttributeNames,
      ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
    },
    ExpressionAttributeValues: {
      ...update.ExpressionAttributeValues,
      ...Object.fromEntries(names.map((name) => [`:${name}`, fields[name] as { S: string }])),
    },
  };
}

/** Sets a read position as the source has it, also to a lower one. Nothing for a user who was never a member. */
export async function setReadPosition(
  { client, table }: Target,
  place: { readonly roomId: string; readonly userId: string },
  readSeq: number,
  position: Position,
): Promise<void> {
  const fields = { read_seq: readSeq === 0 ? undefined : { N: String(readSeq) }, [importPosition]: { S: position } };
  const update = fieldUpdate(table, memberKey(place.roomId, place.userId), fields);
  try {
    await client.send(new UpdateItemCommand({ ...update, ConditionExpression: "attribute_exists(joined_seq)" }));
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
