import { randomUUID } from "node:crypto";
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactionInProgressException,
} from "@aws-sdk/client-dynamodb";
import { scratchName } from "@maru/devstack";
import { beforeAll, describe, expect, inject, test } from "vitest";
import {
  type DynamodbTx,
  dynamodbPositions,
  ensurePositionsTable,
  PositionsTableError,
  TooManyWritesError,
  WriteRefusedError,
} from "../src/events/dynamodb/index.ts";
import { type CommitFault, type PositionWorld, positionStoreContract } from "./position-store-contract.ts";

const tableName = scratchName("positions");
const journalTable = scratchName("journal");

function newClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
  const { endpoint, region } = inject("stack").dynamodb;
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return new DynamoDBClient({ endpoint, region, credentials, ...config });
}

type Send = () => Promise<{ output: object }>;

/** Steps into each transaction, before or after the SDK's own retries. */
function interfere(
  client: DynamoDBClient,
  meet: (send: Send, input: { ClientRequestToken?: string }) => Promise<{ output: object }>,
  step: "initialize" | "deserialize" = "initialize",
): DynamoDBClient {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== "TransactWriteItemsCommand") return next(args);
      return meet(() => next(args), args.input as { ClientRequestToken?: string }) as ReturnType<typeof next>;
    },
    { step: step as "initialize", priority: "high" },
  );
  return client;
}

/** The first transaction meets the fault. */
function faultyClient(fault: CommitFault): DynamoDBClient {
  let isOver = false;
  return interfere(newClient(), async (send) => {
    if (isOver) return send();
    isOver = true;
    if (fault === "unanswered") await send();
    throw Object.assign(new Error("socket hang up"), { name: "TimeoutError" });
  });
}

const client = newClient();

async function journal(roomId: string): Promise<string[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: journalTable,
      KeyConditionExpression: "room = :room",
      ExpressionAttributeValues: { ":room": { S: roomId } },
      ConsistentRead: true,
    }),
  );
  return Items.map((item) => item.line?.S ?? "");
}

function append(tx: DynamodbTx, roomId: string, line: string): void {
  tx.put({ TableName: journalTable, Item: { room: { S: roomId }, id: { S: randomUUID() }, line: { S: line } } });
}

async function createTables(): Promise<void> {
  expect(await ensurePositionsTable({ client, tableName })).toBe("created");
  await client.send(
    new CreateTableCommand({
      TableName: journalTable,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: "room", KeyType: "HASH" },
        { AttributeName: "id", KeyType: "RANGE" },
      ],
      AttributeDefinitions: ["room", "id"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    }),
  );
}

positionStoreContract("positions in DynamoDB keep the contract", async (): Promise<PositionWorld<DynamodbTx>> => {
  await createTables();
  return {
    open: (fault) => dynamodbPositions({ client: fault ? faultyClient(fault) : client, tableName }),
    append,
    journal,
  };
});

describe("positions in DynamoDB", () => {
  const group = "payments";
  const store = dynamodbPositions({ client, tableName });
  const stepOf = (seq: number, roomId: string = randomUUID()) => ({ group, roomId, seq, previousSeq: seq - 1 });
  const item = (id: string) => ({ room: { S: "state" }, id: { S: id } }) satisfies Record<string, AttributeValue>;

  async function read(id: string): Promise<Record<string, AttributeValue> | undefined> {
    return (await client.send(new GetItemCommand({ TableName: journalTable, Key: item(id), ConsistentRead: true })))
      .Item;
  }

  beforeAll(async () => {
    // The contract's tables are made before any test of this file.
    expect(await ensurePositionsTable({ client, tableName })).toBe("verified");
  });

  test("puts, updates, deletes and checks of a handler are stored with the position", async () => {
    const [kept, changed, deleted] = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of [kept, changed, deleted]) {
      await client.send(new PutItemCommand({ TableName: journalTable, Item: { ...item(id), n: { N: "1" } } }));
    }
    const put = randomUUID();
    const step = stepOf(1);
    await store.process(step, async (tx) => {
      tx.put({ TableName: journalTable, Item: item(put) });
      tx.update({
        TableName: journalTable,
        Key: item(changed),
        UpdateExpression: "ADD n :one",
        ExpressionAttributeValues: { ":one": { N: "1" } },
      });
      tx.delete({ TableName: journalTable, Key: item(deleted) });
      tx.check({ TableName: journalTable, Key: item(kept), ConditionExpression: "attribute_exists(id)" });
    });
    expect(await read(put)).toBeDefined();
    expect((await read(changed))?.n).toEqual({ N: "2" });
    expect(await read(deleted)).toBeUndefined();
    expect(await store.load(group, step.roomId)).toBe(1);
  });

  test("a condition of the handler's own that does not hold is told with its item, and the handler may write something else", async () => {
    const id = randomUUID();
    await client.send(new PutItemCommand({ TableName: journalTable, Item: { ...item(id), n: { N: "5" } } }));
    const step = stepOf(1);
    const spend = store.process(step, async (tx) => {
      append(tx, step.roomId, "first");
      tx.update({
        TableName: journalTable,
        Key: item(id),
        UpdateExpression: "ADD n :less",
        ConditionExpression: "n >= :price",
        ExpressionAttributeValues: { ":less": { N: "-10" }, ":price": { N: "10" } },
      });
    });
    const error = await spend.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(WriteRefusedError);
    expect(error).toMatchObject({
      index: 1,
      operation: "Update",
      tableName: journalTable,
      roomId: step.roomId,
      seq: 1,
    });
    expect(error).toMatchObject({ code: "ConditionalCheckFailed", item: { n: { N: "5" } } });
    expect(String(error)).toContain(`write 1 of the handler of entry 1 of room ${step.roomId}`);
    expect(await journal(step.roomId)).toEqual([]);
    expect(await store.process(step, async (tx) => append(tx, step.roomId, "refused"))).toBe("processed");
  });

  test("a handler's condition that only its own commit has broken is no refusal", async () => {
    const step = stepOf(1);
    const id = randomUUID();
    const once = async (tx: DynamodbTx) =>
      tx.put({ TableName: journalTable, Item: item(id), ConditionExpression: "attribute_not_exists(id)" });
    await store.process(step, once);
    // As AWS may tell it: of several conditions that fail, the position's need not be among the reasons.
    const blind = interfere(newClient(), (send) =>
      send().catch((error) => {
        expect(error).toBeInstanceOf(TransactionCanceledException);
        error.CancellationReasons[0] = { Code: "None" };
        throw error;
      }),
    );
    expect(await dynamodbPositions({ client: blind, tableName }).process(step, once)).toBe("repeat");
  });

  test("a commit whose answer is lost for good is known as its own by reading back", async () => {
    const step = stepOf(1);
    const unanswered = dynamodbPositions({ client: faultyClient("unanswered"), tableName });
    expect(await unanswered.process(step, async (tx) => append(tx, step.roomId, "1"))).toBe("processed");
    expect(await journal(step.roomId)).toEqual(["1"]);
  });

  test("the SDK's own retry after a lost answer is the same request, and stored once", async () => {
    const step = stepOf(1);
    const tokens: (string | undefined)[] = [];
    let isFirst = true;
    const answerLost = newClient();
    answerLost.middlewareStack.add(
      (next, context) => async (args) => {
        const answer = await next(args);
        if (context.commandName !== "TransactWriteItemsCommand") return answer;
        const { body } = args.request as { body: Uint8Array };
        tokens.push((JSON.parse(Buffer.from(body).toString()) as { ClientRequestToken?: string }).ClientRequestToken);
        if (!isFirst) return answer;
        isFirst = false;
        throw Object.assign(new Error("socket hang up"), { name: "TimeoutError" });
      },
      { step: "deserialize", priority: "low" },
    );
    const outcome = await dynamodbPositions({ client: answerLost, tableName }).process(step, async (tx) =>
      append(tx, step.roomId, "1"),
    );
    expect(outcome).toBe("processed");
    expect(tokens).toHaveLength(2);
    expect(new Set(tokens).size).toBe(1);
    expect(await journal(step.roomId)).toEqual(["1"]);
  });

  test("a transaction that meets another one is tried again as a new request, one that is under way as the same", async () => {
    const step = stepOf(1);
    const tokens: string[] = [];
    const $metadata = {};
    const conflict = new TransactionCanceledException({
      $metadata,
      message: "cancelled",
      CancellationReasons: [{ Code: "TransactionConflict" }, { Code: "ConditionalCheckFailed" }],
    });
    const planned = [conflict, new TransactionInProgressException({ $metadata, message: "under way" })];
    const busy = interfere(newClient(), (send, { ClientRequestToken = "" }) => {
      tokens.push(ClientRequestToken);
      const error = planned.shift();
      return error ? Promise.reject(error) : send();
    });
    const work = async (tx: DynamodbTx) => append(tx, step.roomId, "1");
    expect(await dynamodbPositions({ client: busy, tableName }).process(step, work)).toBe("processed");
    expect(tokens).toHaveLength(3);
    expect(tokens[0]).not.toBe(tokens[1]);
    expect(tokens[1]).toBe(tokens[2]);
    planned.push(conflict, conflict);
    const impatient = dynamodbPositions({ client: busy, tableName, maxAttempts: 2 });
    await expect(impatient.process(stepOf(1), work)).rejects.toBe(conflict);
  });

  test("99 writes are stored together, and the hundredth is refused where it is added", async () => {
    const step = stepOf(1);
    const lines = (count: number) => async (tx: DynamodbTx) => {
      for (let line = 1; line <= count; line++) append(tx, step.roomId, String(line));
    };
    await expect(store.process(step, lines(100))).rejects.toThrow(TooManyWritesError);
    expect(await journal(step.roomId)).toEqual([]);
    expect(await store.process(step, lines(99))).toBe("processed");
    expect(await journal(step.roomId)).toHaveLength(99);
  });

  test("after a commit of unknown fate the next try reads before it calls the handler", async () => {
    const step = stepOf(1);
    let calls = 0;
    const away = newClient();
    let isAway = true;
    away.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        if (isAway) throw Object.assign(new Error("socket hang up"), { name: "TimeoutError" });
        return answer;
      },
      { step: "initialize", priority: "high" },
    );
    const doubting = dynamodbPositions({ client: away, tableName });
    const work = async (tx: DynamodbTx) => {
      calls++;
      append(tx, step.roomId, "1");
    };
    await expect(doubting.process(step, work)).rejects.toThrow("socket hang up");
    isAway = false;
    expect(await doubting.process(step, work)).toBe("repeat");
    expect(calls).toBe(1);
    expect(await journal(step.roomId)).toEqual(["1"]);
  });

  test("a table with other keys is refused by name", async () => {
    await expect(ensurePositionsTable({ client, tableName: journalTable })).rejects.toThrow(PositionsTableError);
  });

  test("a number of attempts that makes no sense is refused", () => {
    expect(() => dynamodbPositions({ client, tableName, maxAttempts: 0 })).toThrow(RangeError);
  });
});
