import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectMaru, service } from "@maru/client";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signServiceToken } from "../src/identity/tokens.ts";
import { refusal } from "./behaviour/refusal.ts";
import { type MemoryServer, startMemoryServer } from "./memory-server.ts";

/** A token issuer with keys of its own. */
interface Issuer {
  readonly url: string;
  published: JWK[];
  asked: number;
  away: boolean;
  readonly server: Server;
}

async function startIssuer(): Promise<Issuer> {
  const server = createServer((_request, response) => {
    issuer.asked++;
    response.statusCode = issuer.away ? 503 : 200;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: issuer.published }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const issuer: Issuer = { url: `http://127.0.0.1:${port}/keys`, published: [], asked: 0, away: false, server };
  return issuer;
}

async function makeKey(kid: string, alg = "ES256") {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const sign = (claims: Record<string, unknown> = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const payload = { sub: "orders", iss: "maru", aud: "maru", exp: now + 600, jti: `${Math.random()}`, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(privateKey);
  };
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg }, publicKey, sign };
}

/** The service that the server takes the caller for. */
async function callerOf({ grpcAddress }: MemoryServer, token: string): Promise<string | undefined> {
  await using maru = connectMaru({ address: grpcAddress, token, retry: { maxAttempts: 1 } });
  const { entry } = await maru.rooms.create({ actor: service(), kind: "group" });
  return entry?.actor?.kind.case === "service" ? entry.actor.kind.value.name : undefined;
}

const tokenKey = "a key for the tests of key sets, shared";
const invalid = { reason: "TOKEN_INVALID", code: "UNAUTHENTICATED" };
const undecided = { reason: "IDENTITY_UNAVAILABLE", code: "UNAVAILABLE" };
let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer();
});

afterAll(() => new Promise((resolve) => issuer.server.close(resolve)));

test("tokens of the issuer's keys are good beside those of the shared key, whatever the algorithm", async () => {
  const keys = await Promise.all(["ES256", "RS256", "PS512", "EdDSA"].map((alg) => makeKey(alg, alg)));
  issuer.published = keys.map(({ jwk }) => jwk);
  await using server = await startMemoryServer({ MARU_TOKEN_KEY: tokenKey, MARU_TOKEN_JWKS_URL: issuer.url });
  for (const { sign } of keys) expect(await callerOf(server, await sign())).toBe("orders");
  const shared = await signServiceToken({ key: tokenKey, service: "payments", ttlSeconds: 60 });
  expect(await callerOf(server, shared)).toBe("payments");
});

test("a token that is forged, expired, of another issuer or for somebody else is refused", async () => {
  const [own, other] = await Promise.all([makeKey("one"), makeKey("one")]);
  issuer.published = [own.jwk];
  await using server = await startMemoryServer({ MARU_TOKEN_JWKS_URL: issuer.url, MARU_TOKEN_JWKS_COOLDOWN_MS: "1" });
  const sharedOf = (key: string) => signServiceToken({ key, service: "orders", ttlSeconds: 60 });
  const publicText = await exportSPKI(own.publicKey);
  const bad = [
    await other.sign(),
    await own.sign({ iss: "somebody" }),
    await own.sign({ aud: "payments" }),
    await own.sign({ sub: "" }),
    // Who takes a public key for a shared one accepts what everybody can sign.
    await sharedOf(publicText),
    await sharedOf(JSON.stringify(own.jwk)),
    `${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.`,
    "nonsense",
  ];
  for (const token of bad) expect(await refusal(callerOf(server, token))).toMatchObject(invalid);
  expect(await refusal(callerOf(server, await own.sign({ exp: 1 })))).toMatchObject({
    reason: "TOKEN_EXPIRED",
    code: "UNAUTHENTICATED",
    metadata: { serverTime: expect.any(String) },
  });
  const toleratedSeconds = Math.floor(Date.now() / 1000) - 2;
  expect(await callerOf(server, await own.sign({ exp: toleratedSeconds }))).toBe("orders");
});

test("the issuer's new key is found by the first token that names it, and the old one goes when it is taken back", async () => {
  const [first, second] = await Promise.all([makeKey("first"), makeKey("second")]);
  issuer.published = [first.jwk];
  const clock = { aheadMs: 0 };
  const settings = { MARU_TOKEN_JWKS_URL: issuer.url, MARU_TOKEN_CACHE_ENTRIES: "0" };
  await using server = await startMemoryServer(settings, () => Date.now() + clock.aheadMs);
  expect(await callerOf(server, await first.sign())).toBe("orders");
  issuer.published = [second.jwk];
  expect(await refusal(callerOf(server, await second.sign()))).toMatchObject(invalid);
  clock.aheadMs = 10_000;
  expect(await callerOf(server, await second.sign())).toBe("orders");
  expect(await refusal(callerOf(server, await first.sign()))).toMatchObject(invalid);
  const asked = issuer.asked;
  for (let n = 0; n < 20; n++) {
    const unknown = await makeKey(`invented-${n}`);
    expect(await refusal(callerOf(server, await unknown.sign()))).toMatchObject(invalid);
  }
  expect(issuer.asked).toBe(asked);
});

test("while the issuer is away known tokens and keys go on, and others are neither accepted nor refused", async () => {
  const [known, unknown] = await Promise.all([makeKey("known"), makeKey("unknown")]);
  issuer.published = [known.jwk];
  const settings = { MARU_TOKEN_JWKS_URL: issuer.url, MARU_TOKEN_JWKS_COOLDOWN_MS: "1" };
  await using server = await startMemoryServer(settings);
  const token = await known.sign();
  expect(await callerOf(server, token)).toBe("orders");
  issuer.away = true;
  try {
    expect(await callerOf(server, token)).toBe("orders");
    expect(await callerOf(server, await known.sign())).toBe("orders");
    expect(await refusal(callerOf(server, await unknown.sign()))).toMatchObject(undecided);
    expect(await server.metrics()).toMatch(/^maru_token_checks_total\{result="unavailable"\} 1$/m);
    expect(server.logged).toContainEqual(expect.objectContaining({ level: "warn", from: issuer.url }));
    await using cold = await startMemoryServer(settings);
    expect(await refusal(callerOf(cold, token))).toMatchObject(undecided);
  } finally {
    issuer.away = false;
  }
});

test("a file of keys may be replaced while the server runs", async () => {
  const [first, second] = await Promise.all([makeKey("first"), makeKey("second")]);
  const folder = await mkdtemp(join(tmpdir(), "maru-keys-"));
  try {
    const path = join(folder, "keys.json");
    await writeFile(path, JSON.stringify({ keys: [first.jwk] }));
    await using server = await startMemoryServer({ MARU_TOKEN_JWKS_FILE: path, MARU_TOKEN_JWKS_COOLDOWN_MS: "1" });
    expect(await callerOf(server, await first.sign())).toBe("orders");
    await writeFile(path, JSON.stringify({ keys: [second.jwk] }));
    expect(await callerOf(server, await second.sign())).toBe("orders");
  } finally {
    await rm(folder, { recursive: true });
  }
});
