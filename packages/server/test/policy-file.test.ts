import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectMaru, type Maru, service, text, user } from "@maru/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { signServiceToken } from "../src/identity/tokens.ts";
import { refusal } from "./behaviour/refusal.ts";
import { type MemoryServer, startMemoryServer } from "./memory-server.ts";

const tokenKey = "a key for the tests of the policy file";
const main = join(import.meta.dirname, "../src/main.ts");
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "maru-policy-"));
  path = join(folder, "policy.yaml");
});

afterEach(() => rm(folder, { recursive: true }));

const start = () => startMemoryServer({ MARU_TOKEN_KEY: tokenKey, MARU_POLICY_FILE: path });
/** A policy that lets one service in. */
const policyOf = (caller: string) => `services: { ${caller}: { calls: [RoomService/*] } }\n`;

async function clientOf({ grpcAddress }: MemoryServer, caller: string): Promise<Maru> {
  const token = await signServiceToken({ key: tokenKey, service: caller, ttlSeconds: 60 });
  return connectMaru({ address: grpcAddress, token, retry: { maxAttempts: 1 } });
}

/** `true`, or the reason of the refusal. */
async function letsIn(server: MemoryServer, caller: string): Promise<true | string> {
  await using maru = await clientOf(server, caller);
  const call = maru.rooms.create({ actor: service(), kind: "group" });
  return await call.then(
    () => true as const,
    async () => (await refusal(call)).reason,
  );
}

async function loads(server: MemoryServer): Promise<Record<string, number>> {
  const counted = (await server.metrics()).matchAll(/^maru_policy_loads_total\{result="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...counted].map(([, result, count]) => [result, Number(count)]));
}

const soon = { timeout: 10_000 };

test("the file says which services may call, and what the rules of the kinds are", async () => {
  const kinds = (writers: string) => `kinds: { notices: { writers: ${writers} } }\n`;
  const services = 'services: { orders: { calls: "*", act_as_users: true } }\n';
  await writeFile(path, kinds("services") + services);
  await using server = await start();
  await using maru = await clientOf(server, "orders");
  await using other = await clientOf(server, "payments");
  const { room } = await maru.rooms.create({ actor: service(), kind: "notices", members: [{ userId: "ann" }] });
  const message = { roomId: room?.roomId ?? "", content: text("hi") };
  expect(await refusal(maru.messages.send({ ...message, actor: user("ann") }))).toMatchObject({
    reason: "ROLE_REQUIRED",
  });
  expect((await maru.messages.send({ ...message, actor: service() })).entry?.seq).toBe(2);
  expect(await refusal(other.messages.send({ ...message, actor: service() }))).toMatchObject({
    reason: "CALLER_NOT_ALLOWED",
    metadata: { caller: "payments", method: "maru.chat.v1.MessageService/SendMessage" },
  });
  await writeFile(path, kinds("members") + services);
  await server.reloadPolicy();
  expect((await maru.messages.send({ ...message, actor: user("ann") })).entry?.seq).toBe(3);
});

test("a server does not start with a wrong file, and says all that is wrong, by line", async () => {
  await writeFile(path, "services:\n  orders: { calls: [RoomService/GetRom] }\ndefault: everything\n");
  await expect(start()).rejects.toMatchObject({
    name: "ConfigError",
    problems: [
      `MARU_POLICY_FILE ${path}: line 2: services.orders.calls names no call that there is: RoomService/GetRom`,
      `MARU_POLICY_FILE ${path}: line 3: default must be a map, not "everything"`,
      `MARU_POLICY_FILE ${path}: line 3: default must have calls: a list, or "*"`,
    ],
  });
  await rm(path);
  await expect(start()).rejects.toThrow(/MARU_POLICY_FILE names a file that cannot be read/);
});

test("a change of the file holds without a restart", async () => {
  await writeFile(path, policyOf("orders"));
  await using server = await start();
  await writeFile(path, policyOf("payments"));
  await expect.poll(() => loads(server), soon).toMatchObject({ loaded: 2 });
  expect([await letsIn(server, "payments"), await letsIn(server, "orders")]).toEqual([true, "CALLER_NOT_ALLOWED"]);
});

test("a wrong file is told with its lines, and what was known before stays until the file is good", async () => {
  await writeFile(path, policyOf("orders"));
  await using server = await start();
  await writeFile(path, "services: { orders: { calls: [RoomService/*] }");
  await expect.poll(() => loads(server), soon).toMatchObject({ refused: 1 });
  expect(await letsIn(server, "orders")).toBe(true);
  expect(server.logged).toContainEqual(
    expect.objectContaining({ level: "error", path, problems: [expect.stringMatching(/^line 1: is not good YAML/)] }),
  );
  await server.reloadPolicy();
  await rm(path);
  await server.reloadPolicy();
  expect(await letsIn(server, "orders")).toBe(true);
  expect(await loads(server)).toEqual({ loaded: 1, refused: 2 });
  await writeFile(path, policyOf("payments"));
  await server.reloadPolicy();
  expect(await letsIn(server, "payments")).toBe(true);
});

test("a mount that swaps the folder of the file is followed", async () => {
  for (const caller of ["orders", "payments"]) {
    await mkdir(join(folder, `..${caller}`));
    await writeFile(join(folder, `..${caller}`, "policy.yaml"), policyOf(caller));
  }
  await symlink("..orders", join(folder, "..data"));
  await symlink("..data/policy.yaml", path);
  await using server = await start();
  expect(await letsIn(server, "orders")).toBe(true);
  await symlink("..payments", join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  await expect.poll(() => loads(server), soon).toMatchObject({ loaded: 2 });
  expect(await letsIn(server, "payments")).toBe(true);
});

test("an editor that puts a new file in place of the old one is followed", async () => {
  await writeFile(path, policyOf("orders"));
  await using server = await start();
  for (const caller of ["payments", "orders", "search"]) {
    const known = await loads(server);
    await writeFile(`${path}.new`, policyOf(caller));
    if (caller === "orders") await unlink(path);
    await rename(`${path}.new`, path);
    await expect.poll(() => loads(server), soon).toMatchObject({ loaded: (known.loaded ?? 0) + 1 });
    expect(await letsIn(server, caller)).toBe(true);
  }
});

async function run(args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (said += bytes));
  const [code] = await once(child, "close");
  return { code, said };
}

test("the command says whether a file is good, without a configuration", async () => {
  await writeFile(path, policyOf("orders"));
  expect(await run(["check-policy", "--file", path])).toEqual({ code: 0, said: `${path} is good\n` });
  await writeFile(path, "services: {}\ndefualt: refuse\n");
  const { code, said } = await run(["check-policy", "--file", path]);
  expect({ code, said }).toMatchObject({
    code: 1,
    said: expect.stringContaining(`${path}: line 2: defualt is not known`),
  });
});

test("a process reads the file again at SIGHUP, and goes on", async () => {
  await writeFile(path, policyOf("orders"));
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    MARU_ROLES: "api",
    MARU_GRPC_ADDRESS: "127.0.0.1:0",
    MARU_HTTP_ADDRESS: "127.0.0.1:0",
    MARU_TOKEN_KEY: tokenKey,
    MARU_POLICY_FILE: path,
  };
  const child = spawn(process.execPath, [main, "serve"], { stdio: ["ignore", "pipe", "inherit"], env });
  let said = "";
  child.stdout.on("data", (bytes) => (said += bytes));
  const closed = once(child, "close");
  await expect.poll(() => said, { timeout: 30_000 }).toContain('"message":"listening"');
  await writeFile(path, "nonsense");
  child.kill("SIGHUP");
  await expect.poll(() => said, soon).toContain("the policy stays as it was");
  child.kill("SIGTERM");
  expect(await closed).toEqual([0, null]);
});
