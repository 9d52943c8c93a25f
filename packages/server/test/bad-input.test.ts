import { create, type DescMethod, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AbusedServer, checkHealth, startAbusedServer } from "./behaviour/abused-server.ts";
import { badBytesSuite } from "./behaviour/bad-bytes.ts";
import { badCallersSuite } from "./behaviour/bad-callers.ts";
import { badConnectionsSuite } from "./behaviour/bad-connections.ts";
import { badPathsSuite } from "./behaviour/bad-paths.ts";
import { badRequests } from "./behaviour/bad-requests.ts";
import { callGrpc, callHttp, pathOf } from "./behaviour/raw-calls.ts";

let abused: AbusedServer;
let before: string;
beforeAll(async () => {
  abused = await startAbusedServer();
});
afterAll(() => abused?.[Symbol.asyncDispose]());

beforeEach(async () => {
  before = await abused.stored();
});
/** Whatever a test did: nothing is stored, and the server goes on. */
afterEach(async () => {
  expect(await abused.stored()).toBe(before);
  expect(await checkHealth(abused.client)).toBe("SERVING");
  const { roomId } = abused;
  expect((await abused.maru.rooms.get({ roomId })).room?.roomId).toBe(roomId);
});

const server = () => abused;

describe("a request that breaks the contract is refused, and the fields that do are named", () => {
  const askAll = (method: DescMethod, request: object) => {
    const { client, node, authorization: headers } = abused;
    const message = create(method.input, request as MessageInitShape<typeof method.input>);
    const bytes = toBinary(method.input, message);
    const json = toJsonString(method.input, message);
    const path = pathOf(method);
    return Promise.all([
      callGrpc(client, path, [bytes], headers),
      callHttp(node.httpAddress, path, { headers, contentType: "application/proto", body: bytes }),
      callHttp(node.httpAddress, path, { headers, contentType: "application/json", body: json }),
    ]);
  };

  test.each(badRequests.map((one) => [one.name, one] as const))("%s", async (_name, { method, request, fields }) => {
    for (const told of await askAll(method, request(abused.roomId))) {
      const expected = { status: "INVALID_ARGUMENT", reason: "INVALID_REQUEST", requestId: expect.any(String) };
      expect(told).toMatchObject(expected);
      expect(told.fields).toEqual(fields);
    }
  });
});

describe("bytes that cannot be read are refused", () => badBytesSuite(server));
describe("who does not prove to be an allowed service is refused", () => badCallersSuite(server));
describe("what is no call is refused", () => badPathsSuite(server));
describe("clients that do not end what they began", () => badConnectionsSuite(server));
