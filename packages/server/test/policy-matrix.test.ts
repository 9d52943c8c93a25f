import { type DescMethod, type DescService, toBinary, toJsonString } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { readDescriptorSet } from "@maru/protocol/descriptors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Listening, listen } from "../src/api/listen.ts";
import { serveService } from "../src/api/service-registration.ts";
import { createTokenIdentity, signServiceToken } from "../src/identity/tokens.ts";
import { createLog } from "../src/log.ts";
import { knownMethods } from "../src/policy/known-methods.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { createTelemetry } from "../src/telemetry.ts";
import { callGrpc } from "./api-wires.ts";
import { contractMethods, contractServices, nameOf } from "./contract-methods.ts";
import { type Given, validRequest } from "./valid-request.ts";

/** What the policy says of each service, in its own words and in those of the test. */
const rows = {
  everything: {
    policy: '{ calls: "*", act_as_users: true, act_as_system: true }',
    mayCall: /./,
    actsAs: ["userId", "system"],
  },
  nothing: { policy: "{ calls: [] }", mayCall: /^$/, actsAs: [] },
  reader: {
    policy:
      "{ calls: [RoomService/Get*, RoomService/List*, MessageService/List*, EventService/*], act_as_users: true }",
    mayCall: /^(RoomService\/(Get|List)|MessageService\/List|EventService\/)/,
    actsAs: ["userId"],
  },
  sender: {
    policy: "{ calls: [MessageService/SendMessage, MessageService/BatchSendMessages], act_as_system: true }",
    mayCall: /^MessageService\/(Batch)?SendMessages?$/,
    actsAs: ["system"],
  },
  support: {
    policy: '{ calls: "*", kinds: [support], act_as_users: true, act_as_system: true }',
    mayCall: /./,
    kinds: ["support"],
    actsAs: ["userId", "system"],
  },
  keeper: {
    policy: "{ calls: [AdminService/*, CardService/*, RoomService/ListRooms], kinds: [support, group] }",
    mayCall: /^(AdminService\/|CardService\/|RoomService\/ListRooms$)/,
    kinds: ["support", "group"],
    actsAs: [],
  },
  robot: { policy: '{ calls: "*" }', mayCall: /./, actsAs: [] },
} satisfies Record<string, Row>;

interface Row {
  readonly policy: string;
  readonly mayCall: RegExp;
  readonly kinds?: readonly string[];
  readonly actsAs: readonly string[];
}

const kinds = ["support", "group"];
const actors = ["userId", "service", "system"];
const policyText = `
kinds: { support: , group: , other: }
services:
${Object.entries(rows)
  .map(([name, { policy }]) => `  ${name}: ${policy}`)
  .join("\n")}
`;

const key = "a key for the tests of the matrix of policy";
let server: Listening;
let client: grpc.Client;
let served: string[];

beforeAll(async () => {
  const parsed = parsePolicy(policyText, knownMethods(readDescriptorSet()));
  if ("problems" in parsed) throw new Error(parsed.problems.join("\n"));
  const { policy } = parsed;
  const telemetry = createTelemetry({ processMetrics: false });
  server = await listen({
    config: {
      grpcAddress: "127.0.0.1:0",
      httpAddress: "127.0.0.1:0",
      grpcTls: undefined,
      httpTls: undefined,
      maxRequestBytes: 1_000_000,
      defaultDeadlineMs: 10_000,
      drainTimeoutMs: 1_000,
      auditLog: false,
      clientNameFrom: "off",
      clientSpiffePrefix: "spiffe://",
    },
    services: contractServices.map((service) => serveService(service, emptyAnswers(service))),
    reflection: undefined,
    checks: [],
    identity: createTokenIdentity({
      key,
      issuer: "maru",
      audience: "maru",
      clockToleranceMs: 0,
      cachedTokens: 100,
      nowMs: Date.now,
      telemetry,
    }),
    policy: { grantOf: (caller) => policy.services.get(caller) ?? policy.others },
    // The rooms are named after their kinds.
    findRoomKinds: async (roomIds) => new Map(roomIds.filter((id) => id !== "missing").map((id) => [id, id])),
    telemetry,
    log: createLog("silent"),
  });
  client = new grpc.Client(server.grpcAddress, grpc.credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await server.close();
});

function emptyAnswers(service: DescService): object {
  const answers = service.methods.map((method) => {
    const isStream = method.methodKind === "server_streaming";
    const answer = () => {
      served.push(nameOf(method));
      return {};
    };
    return [
      method.localName,
      isStream
        ? async function* () {
            yield answer();
          }
        : answer,
    ];
  });
  return Object.fromEntries(answers);
}

async function ask(caller: string, method: DescMethod, roomId: string, kind: string, actor: string) {
  const { bytes, json } = requestOf(method, { room_id: roomId, kind, actor });
  const token = await tokenOf(caller);
  served = [];
  const answer = await callGrpc(client, `/${method.parent.typeName}/${method.name}`, bytes, { token });
  return { answer, json };
}

const requests = new Map<string, { readonly bytes: Uint8Array; readonly json: string }>();
function requestOf(method: DescMethod, given: Given) {
  const name = JSON.stringify([nameOf(method), given]);
  const known = requests.get(name);
  if (known !== undefined) return known;
  const request = validRequest(method, given);
  const made = { bytes: toBinary(method.input, request), json: toJsonString(method.input, request) };
  requests.set(name, made);
  return made;
}

const tokens = new Map<string, Promise<string>>();
function tokenOf(caller: string): Promise<string> {
  const known = tokens.get(caller) ?? signServiceToken({ key, service: caller, ttlSeconds: 600 });
  tokens.set(caller, known);
  return known;
}

/** What a request with these words reaches, told without the server's code. */
function isReached(row: Row, method: DescMethod, json: string, kind: string): boolean {
  const isRoomless = ["CardService", "PresenceService"].includes(method.parent.name) && !json.includes('"roomId"');
  if (row.kinds === undefined || isRoomless) return true;
  const namesKind =
    json.includes(`"roomId":"${kind}"`) ||
    json.includes(`"roomIds":["${kind}"]`) ||
    /"kinds?":\[?"(support|group)"/.test(json);
  return namesKind && row.kinds.includes(kind);
}

describe.each(Object.entries<Row>(rows))("the service %s", (caller, row) => {
  test.each(contractMethods.map((method) => [nameOf(method), method] as const))(
    "calls %s as the policy says",
    async (name, method) => {
      const hasActor = method.input.fields.some((field) => field.name === "actor");
      for (const kind of kinds) {
        for (const actor of hasActor ? actors : ["userId"]) {
          const { answer, json } = await ask(caller, method, kind, kind, actor);
          const mayAct = !hasActor || actor === "service" || row.actsAs.includes(actor);
          const isAllowed = row.mayCall.test(name) && mayAct && isReached(row, method, json, kind);
          const { code, reason, metadata } = answer;
          const where = `${name} ${kind} ${actor}`;
          if (isAllowed) {
            expect({ where, code, served }).toEqual({ where, code: "OK", served: [name] });
          } else {
            expect({ where, code, reason, metadata, served }).toMatchObject({
              where,
              code: "PermissionDenied",
              reason: "ERROR_REASON_CALLER_NOT_ALLOWED",
              metadata: { caller, method: `maru.chat.v1.${name}` },
              served: [],
            });
          }
        }
      }
    },
  );
});

test.each(contractMethods.map((method) => [nameOf(method), method] as const))(
  "%s is refused to a service that the policy does not name, and to a token that is wrong or expired",
  async (_name, method) => {
    const request = toBinary(method.input, validRequest(method, { room_id: "group", kind: "group" }));
    const path = `/${method.parent.typeName}/${method.name}`;
    const reasonFor = async (token: string | undefined) => (await callGrpc(client, path, request, { token })).reason;
    served = [];
    expect(await reasonFor(await tokenOf("stranger"))).toBe("ERROR_REASON_CALLER_NOT_ALLOWED");
    expect(await reasonFor(undefined)).toBe("ERROR_REASON_TOKEN_MISSING");
    expect(await reasonFor(`${await tokenOf("everything")}x`)).toBe("ERROR_REASON_TOKEN_INVALID");
    const expired = await signServiceToken({ key, service: "everything", ttlSeconds: -10 });
    expect(await reasonFor(expired)).toBe("ERROR_REASON_TOKEN_EXPIRED");
    expect(served).toEqual([]);
  },
);

test("the refusal names the kind, or the actor, where that is the reason", async () => {
  const { getRoom, createRoom, listRooms } = methodsOf("RoomService");
  expect((await ask("support", getRoom, "group", "group", "userId")).answer.metadata).toMatchObject({ kind: "group" });
  expect((await ask("support", createRoom, "", "group", "service")).answer.metadata).toMatchObject({ kind: "group" });
  expect((await ask("robot", createRoom, "", "group", "userId")).answer.metadata).toMatchObject({ actor: "user" });
  expect((await ask("robot", createRoom, "", "group", "system")).answer.metadata).toMatchObject({ actor: "system" });
  const unnamed = toBinary(listRooms.input, validRequest(listRooms, {}));
  const answer = await callGrpc(client, "/maru.chat.v1.RoomService/ListRooms", unnamed, {
    token: await tokenOf("support"),
  });
  expect(answer).toMatchObject({ code: "PermissionDenied", message: expect.stringContaining("must name kinds") });
});

test("a service that is kept to some kinds hears of a missing room that it is missing; others ask the handler", async () => {
  const { getRoom, batchGetRooms } = methodsOf("RoomService");
  expect((await ask("support", getRoom, "missing", "", "userId")).answer).toMatchObject({
    code: "NotFound",
    reason: "ERROR_REASON_ROOM_NOT_FOUND",
    metadata: { room_id: "missing" },
  });
  expect((await ask("reader", getRoom, "missing", "", "userId")).answer.code).toBe("OK");
  const several = async (...roomIds: string[]) => {
    const request = Object.assign(validRequest(batchGetRooms, {}), { roomIds });
    const bytes = toBinary(batchGetRooms.input, request);
    return callGrpc(client, "/maru.chat.v1.RoomService/BatchGetRooms", bytes, { token: await tokenOf("support") });
  };
  expect((await several("support", "missing")).code).toBe("OK");
  expect(await several("support", "missing", "group")).toMatchObject({
    reason: "ERROR_REASON_CALLER_NOT_ALLOWED",
    metadata: { kind: "group" },
  });
});

function methodsOf(service: string): Record<"getRoom" | "batchGetRooms" | "createRoom" | "listRooms", DescMethod> {
  return contractServices.find(({ name }) => name === service)?.method as never;
}
