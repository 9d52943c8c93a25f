import type { AttributeValue, Put, Update } from "@aws-sdk/client-dynamodb";
import type { ProcessStep } from "../position-store.ts";

/** The keys of the table: a partition per room, so that busy groups are spread. */
export const POSITION_KEYS = ["room_id", "consumer_group"] as const;

/** A position as it is stored. */
export interface StoredPosition {
  readonly seq: number;
  /** Which call of `process` stored it. */
  readonly attempt: string;
}

type Item = Record<string, AttributeValue>;

export function toKey({ group, roomId }: Pick<ProcessStep, "group" | "roomId">): Item {
  return { room_id: { S: roomId }, consumer_group: { S: group } };
}

/** Stores the position unless it is there already, and says then what is. */
export function toPut(tableName: string, step: ProcessStep, attempt: string, now: Date): Put {
  return {
    TableName: tableName,
    Item: {
      ...toKey(step),
      seq: { N: String(step.seq) },
      attempt: { S: attempt },
      stored_at: { S: now.toISOString() },
    },
    ConditionExpression: "attribute_not_exists(room_id) OR #seq < :seq",
    ExpressionAttributeNames: { "#seq": "seq" },
    ExpressionAttributeValues: { ":seq": { N: String(step.seq) } },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

/** Stores the position 0 unless there is one. Never fails because of what is there. */
export function toEnsure(tableName: string, name: Pick<ProcessStep, "group" | "roomId">, now: Date): Update {
  return {
    TableName: tableName,
    Key: toKey(name),
    UpdateExpression:
      "SET #seq = if_not_exists(#seq, :zero), attempt = if_not_exists(attempt, :none), stored_at = if_not_exists(stored_at, :now)",
    ExpressionAttributeNames: { "#seq": "seq" },
    ExpressionAttributeValues: { ":zero": { N: "0" }, ":none": { S: "" }, ":now": { S: now.toISOString() } },
  };
}

export function fromItem(item: Item): StoredPosition {
  return { seq: Number(item.seq?.N), attempt: item.attempt?.S ?? "" };
}
