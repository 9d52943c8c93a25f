import { CreateTableCommand, DescribeTableCommand, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { scratchName } from "@maru/devstack";
import { describe, expect, test } from "vitest";
import { createClient } from "../src/store/client.ts";
import { createTables } from "../src/store/table.ts";
import { roomTable } from "../src/store/table-definitions.ts";
import { TableMismatchError } from "../src/store/table-errors.ts";
import { testClientOptions } from "./store-tables.ts";

describe("making the tables", () => {
  const client = createClient(testClientOptions());
  const newNames = () => ({ tableName: scratchName("maru"), controlTableName: scratchName("control") });

  test("both tables are made, and the report says what the engine could not do", async () => {
    const { tableName, controlTableName } = newNames();
    const reports = await createTables(client, { tableName, controlTableName });
    expect(reports).toEqual([
      { tableName, outcome: "created", pointInTimeRecovery: "unsupported" },
      { tableName: controlTableName, outcome: "created", pointInTimeRecovery: "unsupported" },
    ]);
    const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
    expect(Table).toMatchObject({
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      GlobalSecondaryIndexes: [{ IndexName: "by_owner", Projection: { ProjectionType: "KEYS_ONLY" } }],
    });
    const control = await client.send(new DescribeTableCommand({ TableName: controlTableName }));
    expect(control.Table?.StreamSpecification).toBeUndefined();
  });

  test("making them again finds them", async () => {
    const names = newNames();
    await createTables(client, names);
    const again = await createTables(client, names);
    expect(again.map(({ outcome }) => outcome)).toEqual(["existed", "existed"]);
  });

  test("two who make them at once both succeed", async () => {
    const names = newNames();
    const both = await Promise.all([createTables(client, names), createTables(client, names)]);
    const outcomes = both.map((reports) => reports[0]?.outcome).sort();
    expect(outcomes).toEqual(["created", "existed"]);
  });

  test("a table without the index, the stream or the key is refused, and all of it is said at once", async () => {
    const names = newNames();
    await client.send(
      new CreateTableCommand({
        TableName: names.tableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "room_id", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "room_id", KeyType: "HASH" }],
      }),
    );
    const refused = await createTables(client, names).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TableMismatchError);
    expect(refused).toMatchObject({
      tableName: names.tableName,
      problems: [
        "its key is room_id (S, HASH) and not room_id (S, HASH) + sk (S, RANGE)",
        "index by_owner is missing",
        "its stream is off and not NEW_AND_OLD_IMAGES",
      ],
    });
  });

  test("a stream with only keys, and a control table with a stream, are refused", async () => {
    const names = newNames();
    const keysOnly = { StreamEnabled: true, StreamViewType: "KEYS_ONLY" } as const;
    await client.send(new CreateTableCommand({ ...roomTable(names.tableName), StreamSpecification: keysOnly }));
    await expect(createTables(client, names)).rejects.toThrow("its stream is KEYS_ONLY and not NEW_AND_OLD_IMAGES");

    const others = newNames();
    await createTables(client, others);
    const TableName = others.controlTableName;
    await client.send(new UpdateTableCommand({ TableName, StreamSpecification: keysOnly }));
    await expect(createTables(client, others)).rejects.toThrow("its stream is KEYS_ONLY and not off");
  });
});
