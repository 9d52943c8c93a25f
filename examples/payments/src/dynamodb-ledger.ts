import { randomUUID } from "node:crypto";
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  type Update,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { DynamodbTx } from "@maru/client/events/dynamodb";
import { type Decision, type Ledger, type Payment, paymentIdOf } from "./ledger.ts";

/** One table: `account`s, `untold` decisions, and the `journal`, in which nothing is ever replaced. */
type Kind = "account" | "untold" | "journal";

/** The ledger in DynamoDB. */
export interface DynamodbLedger extends Ledger<DynamodbTx> {
  /** Opens an account, unless there is one. */
  open(userId: string, balanceMinor: bigint): Promise<void>;
  /** Every line that was ever written, in no order. */
  journal(): Promise<string[]>;
}

/** Makes the table, unless it is there. */
export async function ensureLedgerTable(client: DynamoDBClient, TableName: string): Promise<void> {
  const keys = { kind: "HASH", id: "RANGE" } as const;
  const create = new CreateTableCommand({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: Object.entries(keys).map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
    AttributeDefinitions: Object.keys(keys).map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
  });
  await client.send(create).catch((error: Error) => {
    if (error.name !== "ResourceInUseException") throw error;
  });
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 2, maxWaitTime: 60 }, { TableName });
}

export function dynamodbLedger(client: DynamoDBClient, TableName: string): DynamodbLedger {
  const key = (kind: Kind, id: string) => ({ kind: { S: kind }, id: { S: id } });

  async function balanceOf(userId: string): Promise<bigint | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName, Key: key("account", userId), ConsistentRead: true }),
    );
    return Item && BigInt(Item.balance?.N ?? 0);
  }

  /** Does not go below zero, and pays into accounts that exist. */
  const change = (userId: string, byMinor: bigint): Update => ({
    TableName,
    Key: key("account", userId),
    UpdateExpression: "ADD balance :by",
    ConditionExpression: byMinor < 0n ? "balance >= :least" : "attribute_exists(id)",
    ExpressionAttributeValues: {
      ":by": { N: String(byMinor) },
      ...(byMinor < 0n && { ":least": { N: String(-byMinor) } }),
    },
  });
  const journalLine = (payment: Payment, what: string) => ({
    TableName,
    Item: { ...key("journal", randomUUID()), line: { S: `${paymentIdOf(payment)} ${what}` } },
  });

  async function query(kind: Kind): Promise<Record<string, AttributeValue>[]> {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: "kind = :kind",
        ExpressionAttributeValues: { ":kind": { S: kind } },
        ConsistentRead: true,
      }),
    );
    return Items;
  }

  return {
    balanceOf,
    async decide(tx, payment) {
      const { payerId, payeeId, amountMinor } = payment;
      // Read again by each try: a condition that failed because the balance has just changed leads to a refusal here.
      const [payerHas = 0n, payeeHas] = await Promise.all([payerId, payeeId].map(balanceOf));
      const outcome: Decision["outcome"] = payerHas >= amountMinor && payeeHas !== undefined ? "paid" : "refused";
      if (outcome === "paid") {
        tx.update(change(payerId, -amountMinor));
        tx.update(change(payeeId, amountMinor));
      }
      tx.put({ TableName, Item: toItem({ ...payment, outcome }) });
      tx.put(journalLine(payment, outcome));
    },
    untold: async () => (await query("untold")).map(fromItem),
    async told(decision) {
      const Key = key("untold", paymentIdOf(decision));
      await client.send(new DeleteItemCommand({ TableName, Key }));
    },
    async payBack(decision) {
      const { payerId, payeeId, amountMinor } = decision;
      const Key = key("untold", paymentIdOf(decision));
      const isUntold = { TableName, Key, ConditionExpression: "attribute_exists(id)" };
      const payment = [{ Update: change(payeeId, -amountMinor) }, { Update: change(payerId, amountMinor) }];
      const note = { Put: journalLine(decision, "paid back") };
      await client
        .send(new TransactWriteItemsCommand({ TransactItems: [{ Delete: isUntold }, ...payment, note] }))
        .catch(async (error: Error) => {
          if ((await query("untold")).some((item) => item.id?.S === Key.id.S)) throw error;
        });
    },
    async open(userId, balanceMinor) {
      const Item = { ...key("account", userId), balance: { N: String(balanceMinor) } };
      const put = new PutItemCommand({ TableName, Item, ConditionExpression: "attribute_not_exists(id)" });
      await client.send(put).catch((error: Error) => {
        if (error.name !== "ConditionalCheckFailedException") throw error;
      });
    },
    journal: async () => (await query("journal")).map(({ line }) => line?.S ?? ""),
  };

  function toItem({ roomId, seq, payerId, payeeId, amountMinor, outcome }: Decision): Record<string, AttributeValue> {
    const texts = { room_id: roomId, payer_id: payerId, payee_id: payeeId, outcome };
    return {
      ...key("untold", paymentIdOf({ roomId, seq })),
      ...Object.fromEntries(Object.entries(texts).map(([name, S]) => [name, { S }])),
      seq: { N: String(seq) },
      amount_minor: { N: String(amountMinor) },
    };
  }
}

function fromItem(item: Record<string, AttributeValue>): Decision {
  return {
    roomId: item.room_id?.S ?? "",
    seq: Number(item.seq?.N),
    payerId: item.payer_id?.S ?? "",
    payeeId: item.payee_id?.S ?? "",
    amountMinor: BigInt(item.amount_minor?.N ?? 0),
    outcome: item.outcome?.S === "paid" ? "paid" : "refused",
  };
}
