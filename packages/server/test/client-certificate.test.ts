import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { connectMaru, service } from "@maru/client";
import { RoomService } from "@maru/protocol";
import { generate, type SubjectAltNameEntry } from "selfsigned";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signServiceToken } from "../src/identity/tokens.ts";
import { refusal } from "./behaviour/refusal.ts";
import { type MemoryServer, startMemoryServer } from "./memory-server.ts";

interface Pair {
  readonly cert: string;
  readonly key: string;
}

const dnsName = 2;
const uri = 6;
const ipAddress = 7;

/** Made for this run: no key lies in the repository. */
async function makePair(value: string, ...altNames: SubjectAltNameEntry[]): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: "commonName", value }], {
    keyType: "ec",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames },
    ],
  });
  return { cert, key };
}

const tokenKey = "a key for the tests of certificates";
let own: Pair;
let orders: Pair;
let nameless: Pair;
let folder: string;
let settings: Record<string, string>;

beforeAll(async () => {
  own = await makePair("localhost", { type: dnsName, value: "localhost" }, { type: ipAddress, ip: "127.0.0.1" });
  orders = await makePair(
    "orders",
    { type: dnsName, value: "orders.pod" },
    { type: uri, value: "spiffe://shop.example/sa/orders" },
  );
  nameless = await makePair("laptop", { type: dnsName, value: "laptop" });
  folder = await mkdtemp(join(tmpdir(), "maru-tls-"));
  const files = { cert: own.cert, key: own.key, ca: [orders.cert, nameless.cert].join("\n") };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  settings = {
    MARU_TOKEN_KEY: tokenKey,
    ...Object.fromEntries(
      ["GRPC", "HTTP"].flatMap((listener) => [
        [`MARU_${listener}_TLS_CERT_FILE`, join(folder, "cert")],
        [`MARU_${listener}_TLS_KEY_FILE`, join(folder, "key")],
        [`MARU_${listener}_TLS_CLIENT_CA_FILE`, join(folder, "ca")],
      ]),
    ),
  };
});

afterAll(() => rm(folder, { recursive: true }));

async function callerOf(address: string, client: Pair, token?: string): Promise<string | undefined> {
  await using maru = connectMaru({
    address,
    tls: { ca: own.cert, ...client },
    ...(token !== undefined && { token }),
    retry: { maxAttempts: 1 },
  });
  for (let n = 0; n < 2; n++) await maru.rooms.create({ actor: service(), kind: "group" });
  const { entry } = await maru.rooms.create({ actor: service(), kind: "group" });
  return entry?.actor?.kind.case === "service" ? entry.actor.kind.value.name : undefined;
}

function addressesOf({ grpcAddress, httpAddress }: MemoryServer): string[] {
  return [grpcAddress.replace("127.0.0.1", "localhost"), `https://${httpAddress.replace("127.0.0.1", "localhost")}`];
}

const tokenOf = (name: string) => signServiceToken({ key: tokenKey, service: name, ttlSeconds: 60 });

test("a certificate says which service calls, without a token, on both listeners", async () => {
  await using server = await startMemoryServer(settings);
  for (const address of addressesOf(server)) {
    expect(await callerOf(address, orders)).toBe("orders");
    expect(await callerOf(address, orders, await tokenOf("orders"))).toBe("orders");
  }
});

test.each(["1.1", "2"] as const)("so it does over HTTP %s", async (httpVersion) => {
  await using server = await startMemoryServer(settings);
  const baseUrl = addressesOf(server)[1] ?? "";
  const nodeOptions = { ca: own.cert, cert: orders.cert, key: orders.key };
  const client = createClient(RoomService, createConnectTransport({ baseUrl, httpVersion, nodeOptions }));
  const actor = { kind: { case: "service" as const, value: {} } };
  const { entry } = await client.createRoom({ actor, kind: "group" });
  expect(entry?.actor?.kind.value).toMatchObject({ name: "orders" });
});

test("a certificate with the token of another service is refused, and so is a bad token beside a good certificate", async () => {
  await using server = await startMemoryServer(settings);
  for (const address of addressesOf(server)) {
    expect(await refusal(callerOf(address, orders, await tokenOf("payments")))).toMatchObject({
      reason: "CALLER_NOT_ALLOWED",
      code: "PERMISSION_DENIED",
      metadata: { caller: "payments", method: "maru.chat.v1.RoomService/CreateRoom" },
    });
    expect(await refusal(callerOf(address, orders, "nonsense"))).toMatchObject({ reason: "TOKEN_INVALID" });
  }
});

test("a certificate that names no service lets the connection in, and the token says who calls", async () => {
  await using server = await startMemoryServer(settings);
  for (const address of addressesOf(server)) {
    expect(await refusal(callerOf(address, nameless))).toMatchObject({ reason: "TOKEN_MISSING" });
    expect(await callerOf(address, nameless, await tokenOf("payments"))).toBe("payments");
  }
});

test("settings say which name counts, and for whom", async () => {
  await using byDns = await startMemoryServer({ ...settings, MARU_TLS_CLIENT_NAME: "dns" });
  await using off = await startMemoryServer({ ...settings, MARU_TLS_CLIENT_NAME: "off" });
  const prefix = { MARU_TLS_CLIENT_SPIFFE_PREFIX: "spiffe://other.example/" };
  await using foreign = await startMemoryServer({ ...settings, ...prefix });
  for (const address of addressesOf(byDns)) expect(await callerOf(address, orders)).toBe("orders.pod");
  for (const address of [...addressesOf(off), ...addressesOf(foreign)]) {
    expect(await refusal(callerOf(address, orders))).toMatchObject({ reason: "TOKEN_MISSING" });
  }
});
