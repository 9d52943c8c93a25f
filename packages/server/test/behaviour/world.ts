import { randomBytes } from "node:crypto";
import { QueryCommand } from "@aws-sdk/client-dynamodb";
import { connectMaru, type Maru } from "@maru/client";
import { inject, vi } from "vitest";
import { type ServedServer, serve } from "../../src/commands/serve.ts";
import { readConfig } from "../../src/config.ts";
import type { Store } from "../../src/domain/store.ts";
import { signServiceToken } from "../../src/identity/tokens.ts";
import { createDynamoStore } from "../../src/store/dynamodb-store.ts";
import { type TestTables, testTables } from "../store-tables.ts";

export type Protocol = "gRPC" | "Connect";

/** Two servers over one table of their own, and clients of each. */
export interface World extends AsyncDisposable {
  readonly tables: TestTables;
  /** The table behind the servers' backs. */
  readonly store: Store;
  /** All items of a room as they lie in the table. */
  rawItems(roomId: string): Promise<unknown[]>;
  /** Of the first server. */
  readonly place: { readonly grpcAddress: string; readonly httpAddress: string };
  tokenOf(callingService: string): Promise<string>;
  /** Clients of the one server and of the other, of the calling service `shop` unless another is named. */
  connect(protocol: Protocol, callingService?: string): Promise<{ readonly maru: Maru; readonly other: Maru }>;
}

export async function startWorld(): Promise<World> {
  await using starting = new AsyncDisposableStack();
  const tables = await testTables();
  starting.defer(() => {
    tables.client.destroy();
    tables.streams.destroy();
  });
  // The servers look for credentials where AWS documents it.
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const key = randomBytes(32).toString("base64url");
  const config = readConfig({
    MARU_ROLES: "api",
    MARU_LOG_LEVEL: "fatal",
    // Low, so that a test reaches them soon.
    MARU_HOLD_EXPIRY_INTERVAL_MS: "200",
    MARU_ERASE_INDEX_DELAY_MS: "200",
    // All tests' rooms are in the table: a job that walks them must not take the time that production gives it.
    MARU_JOBS_ROOMS_PER_SECOND: "5000",
    MARU_MAX_EDITS: "5",
    MARU_MAX_REACTING_USERS: "5",
    MARU_MAX_PINS: "3",
    MARU_AUDIT_LOG: "off",
    MARU_GRPC_ADDRESS: "127.0.0.1:0",
    MARU_HTTP_ADDRESS: "127.0.0.1:0",
    MARU_TOKEN_KEY: key,
    MARU_DYNAMODB_ENDPOINT: inject("stack").dynamodb.endpoint,
    MARU_TABLE: tables.tableName,
    MARU_CONTROL_TABLE: tables.controlTableName,
  });
  const servers: ServedServer[] = [];
  for (let n = 0; n < 2; n++) servers.push(starting.use(await serve(config)));
  const [first] = servers;
  if (first === undefined) throw new Error("two servers are needed");
  const tokenOf = (service: string) => signServiceToken({ key, service, ttlSeconds: 3600 });
  const started = starting.move();
  return {
    place: first.api,
    tokenOf,
    tables,
    store: createDynamoStore(tables),
    async rawItems(roomId) {
      const values = { ":room": { S: roomId } };
      const query = {
        KeyConditionExpression: "room_id = :room",
        ExpressionAttributeValues: values,
        ConsistentRead: true,
      };
      const { Items = [] } = await tables.client.send(new QueryCommand({ TableName: tables.tableName, ...query }));
      return Items;
    },
    async connect(protocol, callingService = "shop") {
      const token = await tokenOf(callingService);
      const [maru, other] = servers.map(({ api }) => {
        const address = protocol === "gRPC" ? api.grpcAddress : `http://${api.httpAddress}`;
        return started.use(connectMaru({ address, token, timeoutMs: 30_000 }));
      });
      if (maru === undefined || other === undefined) throw new Error("two servers are needed");
      return { maru, other };
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
