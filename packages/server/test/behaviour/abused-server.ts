import { createHash } from "node:crypto";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import * as grpc from "@grpc/grpc-js";
import { connectMaru, type Maru } from "@maru/client";
import { type Fleet, openFleet, type ServerNode } from "@maru/devstack/servers";
import { HealthCheckResponse_ServingStatus as Status } from "@maru/protocol/grpc";
import { inject } from "vitest";
import { type TestTables, testTables } from "../store-tables.ts";
import { openRoom } from "./scene.ts";

/** A server process over a table of its own, which holds one room. */
export interface AbusedServer extends AsyncDisposable {
  readonly node: ServerNode;
  readonly fleet: Fleet;
  readonly maru: Maru;
  readonly roomId: string;
  readonly client: grpc.Client;
  readonly authorization: { readonly authorization: string };
  /** Everything in the table, as one hash and a count. */
  stored(): Promise<string>;
  metric(name: string, labels?: string): Promise<number>;
}

export const maxRequestBytes = 1_000_000;
export const defaultDeadlineMs = 1_500;

export async function startAbusedServer(): Promise<AbusedServer> {
  await using starting = new AsyncDisposableStack();
  const tables = await testTables();
  starting.defer(() => {
    tables.client.destroy();
    tables.streams.destroy();
  });
  const fleet = starting.use(
    await openFleet({
      dynamodbEndpoint: inject("stack").dynamodb.endpoint,
      brokers: [],
      env: {
        MARU_ROLES: "api",
        MARU_KAFKA_REPLICATION: "1",
        MARU_TABLE: tables.tableName,
        MARU_CONTROL_TABLE: tables.controlTableName,
        MARU_ALLOWED_SERVICES: "tests",
        MARU_MAX_REQUEST_BYTES: String(maxRequestBytes),
        MARU_DEFAULT_DEADLINE_MS: String(defaultDeadlineMs),
      },
    }),
  );
  const node = await fleet.startServer({ name: "abused" });
  const token = await fleet.token("tests");
  const maru = starting.use(connectMaru({ address: node.grpcAddress, token }));
  const client = new grpc.Client(node.grpcAddress, grpc.credentials.createInsecure());
  starting.defer(() => client.close());
  const roomId = await openRoom(maru, ["ann"]);
  const started = starting.move();
  return {
    node,
    fleet,
    maru,
    roomId,
    client,
    authorization: { authorization: `Bearer ${token}` },
    stored: () => fingerprint(tables),
    async metric(name, labels = "") {
      const text = await (await fetch(`http://${node.httpAddress}/metrics`)).text();
      const line = text.split("\n").find((one) => one.startsWith(`${name}${labels} `));
      return Number(line?.slice(line.lastIndexOf(" ")) ?? 0);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function fingerprint({ client, tableName }: TestTables): Promise<string> {
  const { Items = [], LastEvaluatedKey } = await client.send(new ScanCommand({ TableName: tableName }));
  if (LastEvaluatedKey !== undefined) throw new Error("the table is larger than one scan");
  const items = Items.map((item) => JSON.stringify(item, Object.keys(item).sort())).sort();
  return `${items.length} items ${createHash("sha256").update(items.join()).digest("hex").slice(0, 8)}`;
}

/** What `grpc.health.v1.Health/Check` says of the whole server. */
export function checkHealth(client: grpc.Client): Promise<string> {
  const asIs = (raw: Buffer) => raw;
  return new Promise((resolve, reject) => {
    const path = "/grpc.health.v1.Health/Check";
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), new grpc.Metadata(), (error, answer) => {
      if (error !== null) reject(error);
      else resolve(Status[answer?.[1] ?? 0] ?? "");
    });
  });
}
