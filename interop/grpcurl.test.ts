import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { scratchName } from "@maru/devstack";
import { type Fleet, openFleet, type ServerNode } from "@maru/devstack/servers";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { grpcurl } from "../scripts/tools/pinned.ts";

const run = promisify(execFile);
let fleet: Fleet;
let server: ServerNode;
let token: string;

beforeAll(async () => {
  if (!existsSync(grpcurl.path)) throw new Error('grpcurl is missing: run "npm run tools"');
  const { dynamodb, kafka } = inject("stack");
  const table = scratchName("grpcurl");
  fleet = await openFleet({
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    env: {
      MARU_TABLE: table,
      MARU_CONTROL_TABLE: `${table}-control`,
      MARU_ROLES: "api",
      MARU_KAFKA_TOPIC: table,
      MARU_KAFKA_READ_MARKERS_TOPIC: `${table}-read`,
      MARU_KAFKA_RELAY_DEAD_LETTERS_TOPIC: `${table}-dead`,
    },
  });
  await fleet.setUp();
  server = await fleet.startServer({ name: "server" });
  token = await fleet.token("grpcurl");
});

afterAll(() => fleet?.close());

async function call(...args: string[]): Promise<string> {
  const { stdout } = await run(grpcurl.path, ["-plaintext", ...args]);
  return stdout;
}

function authorized(...args: string[]): Promise<string> {
  return call("-H", `authorization: Bearer ${token}`, ...args);
}

const services = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "maru.chat.v1.AdminService",
  "maru.chat.v1.CardService",
  "maru.chat.v1.EventService",
  "maru.chat.v1.MessageService",
  "maru.chat.v1.PresenceService",
  "maru.chat.v1.ReadService",
  "maru.chat.v1.RoomService",
];

test("list shows every service, without a token and without proto files", async () => {
  expect((await call(server.grpcAddress, "list")).trim().split("\n").sort()).toEqual(services);
});

test("describe shows every service and the messages behind imported protos, with comments and rules", async () => {
  for (const service of services) expect(await call(server.grpcAddress, "describe", service)).toContain("is a service");
  const request = await call(server.grpcAddress, "describe", "maru.chat.v1.SendMessageRequest");
  expect(request).toContain("buf.validate.field");
  expect(request).toContain("Makes the call safe to repeat");
  expect(await call(server.grpcAddress, "describe", "maru.chat.v1.Entry")).toContain(
    ".google.protobuf.Timestamp created_at",
  );
  for (const imported of ["google.rpc.ErrorInfo", "google.protobuf.Timestamp", "buf.validate.FieldRules"]) {
    expect(await call(server.grpcAddress, "describe", imported)).toContain("is a message");
  }
});

test("a room is created, a message sent and read back", async () => {
  const created = JSON.parse(
    await authorized(
      "-d",
      '{"actor":{"service":{}},"kind":"group","members":[{"userId":"ada"}]}',
      server.grpcAddress,
      "maru.chat.v1.RoomService/CreateRoom",
    ),
  );
  const { roomId } = created.room;
  const sent = JSON.parse(
    await authorized(
      "-d",
      JSON.stringify({ roomId, actor: { userId: "ada" }, content: { text: { text: "grüße 👋" } } }),
      server.grpcAddress,
      "maru.chat.v1.MessageService/SendMessage",
    ),
  );
  expect(sent.entry.seq).toBe(2);
  const listed = JSON.parse(
    await authorized("-d", JSON.stringify({ roomId }), server.grpcAddress, "maru.chat.v1.MessageService/ListMessages"),
  );
  expect(listed.entries).toEqual([sent.entry]);
});

test("a refusal is printed with its reason and the field that is wrong", async () => {
  const refusal = await authorized(
    "-d",
    '{"roomId":"nowhere"}',
    server.grpcAddress,
    "maru.chat.v1.RoomService/GetRoom",
  ).catch((error: { stderr: string }) => error.stderr);
  expect(refusal).toContain("Code: NotFound");
  expect(refusal).toContain("ERROR_REASON_ROOM_NOT_FOUND");
  const invalid = await authorized("-d", "{}", server.grpcAddress, "maru.chat.v1.RoomService/GetRoom").catch(
    (error: { stderr: string }) => error.stderr,
  );
  expect(invalid).toContain("Code: InvalidArgument");
  expect(invalid).toContain('"field": "room_id"');
});

test("a call without a token is refused", async () => {
  const refusal = await call("-d", '{"roomId":"r"}', server.grpcAddress, "maru.chat.v1.RoomService/GetRoom").catch(
    (error: { stderr: string }) => error.stderr,
  );
  expect(refusal).toContain("Code: Unauthenticated");
  expect(refusal).toContain("ERROR_REASON_TOKEN_MISSING");
});
