import { connectMaru, type Maru, text, user } from "@maru/client";
import { startTestMaru, type TestMaru } from "@maru/testing";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Backend } from "./backend/listen.ts";
import { startWebChat } from "./start-web-chat.ts";

const tokenKey = "a key of thirty-two bytes at least";
let testMaru: TestMaru;
let maru: Maru;
let backend: Backend;

beforeAll(async () => {
  testMaru = await startTestMaru();
  maru = connectMaru({ address: testMaru.grpcAddress, token: () => testMaru.token("web-chat") });
  const where = { host: "127.0.0.1", port: 0, gatewayUrl: "ws://127.0.0.1:8081" };
  backend = await startWebChat({ maru, tokenKey, paymentMs: 0, ...where });
});
afterAll(async () => {
  await backend?.close();
  await maru?.close();
  await testMaru?.close();
});

// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of an answer
type Answer = { readonly status: number; readonly body: any };

async function call(method: string, path: string, options: { token?: string; body?: object } = {}): Promise<Answer> {
  const { token, body } = options;
  const response = await fetch(`${backend.url}/api/${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function logIn(name: string): Promise<string> {
  return (await call("POST", "login", { body: { name } })).body.token;
}

let rooms = 0;

async function openRoom(token: string, ...names: string[]): Promise<string> {
  const body = { title: "Lunch", names, idempotencyKey: `room-${++rooms}` };
  return (await call("POST", "rooms", { token, body })).body.roomId;
}

test("the page comes with its program in one file, and may talk to this backend and to the gateway only", async () => {
  const page = await fetch(backend.url);
  expect(page.headers.get("content-security-policy")).toMatch(
    /^default-src 'self'; connect-src 'self' ws:\/\/127\.0\.0\.1:8081;/,
  );
  const paths = [...(await page.text()).matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path = ""]) => path);
  expect(new Set(paths)).toEqual(new Set(["/icon.svg", "/style.css", "/main.js"]));
  for (const path of paths) expect((await fetch(`${backend.url}${path}`)).status).toBe(200);
  expect((await fetch(`${backend.url}/other`)).status).toBe(404);
});

test("whoever logs in gets a token for the gateway, and is in the lobby", async () => {
  const { body } = await call("POST", "login", { body: { name: "Ada Lovelace" } });
  expect(body).toMatchObject({ userId: "ada-lovelace", gatewayUrl: "ws://127.0.0.1:8081" });
  expect(decodeJwt(body.token)).toMatchObject({ sub: "ada-lovelace", aud: "maru-realtime", iss: "maru" });
  const { token } = body;
  await expect.poll(async () => (await call("GET", "rooms", { token })).body.rooms?.[0]?.room.title).toBe("Lobby");
});

test("without a token of this backend nothing is told", async () => {
  const missing = await call("GET", "rooms");
  const [head, payload] = (await logIn("ann")).split(".");
  const foreign = await call("GET", "rooms", { token: `${head}.${payload}.AAAA` });
  for (const { status, body } of [missing, foreign]) expect([status, body.reason]).toEqual([401, "TOKEN_INVALID"]);
});

test("a room is made once for a key, and opened by its members only", async () => {
  const token = await logIn("ann");
  const body = { title: "Once", names: ["Bob", "ann"], idempotencyKey: "the-same" };
  const [first, again] = [await call("POST", "rooms", { token, body }), await call("POST", "rooms", { token, body })];
  expect(again.body).toEqual(first.body);
  const path = `rooms/${first.body.roomId}`;
  const opened = await call("GET", path, { token: await logIn("bob") });
  expect(opened.body.members.members.map(({ userId }: { userId: string }) => userId)).toEqual(["ann", "bob"]);
  const eve = await call("GET", path, { token: await logIn("eve") });
  expect([eve.status, eve.body.reason]).toEqual([403, "ERROR_REASON_NOT_A_MEMBER"]);
});

test("history comes in pages, the newest messages first", async () => {
  const token = await logIn("ann");
  const roomId = await openRoom(token, "bob");
  for (let n = 2; n <= 56; n++) await maru.messages.send({ roomId, actor: user("ann"), content: text(`m${n}`) });
  const { body: opened } = await call("GET", `rooms/${roomId}`, { token });
  const seqs = (page: { entries: { seq: number }[] }) => page.entries.map(({ seq }) => seq);
  expect([opened.room.room.lastSeq, seqs(opened.messages)[0], seqs(opened.messages).at(-1)]).toEqual([56, 56, 7]);
  const { body: older } = await call("GET", `rooms/${roomId}/messages?before=7`, { token });
  expect([seqs(older), older.nextPageToken]).toEqual([[6, 5, 4, 3, 2], undefined]);
});

test("a payment is asked for, and paid by the payer alone, once", async () => {
  const [ann, bob] = [await logIn("ann"), await logIn("bob")];
  const roomId = await openRoom(ann, "bob");
  const body = { payerId: "bob", title: "Lunch", amountMinor: 1250, idempotencyKey: "ask-1" };
  const { body: asked } = await call("POST", `rooms/${roomId}/payments`, { token: ann, body });
  const path = `rooms/${roomId}/payments/${asked.seq}/pay`;
  const refused = await call("POST", path, { token: ann });
  expect([refused.status, refused.body.reason]).toEqual([403, "NOT_THE_PAYER"]);
  const paid = await Promise.all([1, 2, 3].map(() => call("POST", path, { token: bob })));
  expect(paid.map(({ status }) => status)).toEqual([200, 200, 200]);
  const { entries } = await maru.events.listEntries({ roomId, after: asked.seq });
  expect(entries.map(({ type }) => type)).toEqual(["card_updated", "card_updated"]);
  expect((await maru.cards.get({ roomId, seq: asked.seq })).json).toContain("PAYMENT_STATUS_PAID");
});

test.for([
  ["a body that is no JSON", "{", 400, "REQUEST_INVALID"],
  ["a name without a letter", JSON.stringify({ name: "?" }), 400, "NAME_INVALID"],
  ["a name that is no text", JSON.stringify({ name: 7 }), 400, "REQUEST_INVALID"],
  ["a body without end", `"${"x".repeat(70_000)}"`, 413, "REQUEST_TOO_LARGE"],
] as const)("%s is refused", async ([, body, status, reason]) => {
  const response = await fetch(`${backend.url}/api/login`, { method: "POST", body });
  const answer = (await response.json()) as { reason: string };
  expect([response.status, answer.reason]).toEqual([status, reason]);
});
