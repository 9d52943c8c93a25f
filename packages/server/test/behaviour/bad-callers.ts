import { create, toBinary } from "@bufbuild/protobuf";
import { GetRoomRequestSchema, RoomService } from "@maru/protocol";
import { SignJWT } from "jose";
import { expect, test } from "vitest";
import type { AbusedServer } from "./abused-server.ts";
import { callGrpc, callHttp, pathOf, type RawHeaders } from "./raw-calls.ts";

const path = pathOf(RoomService.method.getRoom);
const nowSeconds = () => Math.floor(Date.now() / 1000);
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

export function badCallersSuite(server: () => AbusedServer): void {
  const keyOf = () => server().fleet.env.MARU_TOKEN_KEY ?? "";
  const good = () => ({ sub: "tests", iss: "maru", aud: "maru", exp: nowSeconds() + 600 });
  const sign = (claims: Record<string, unknown>, key = keyOf(), alg = "HS256") =>
    new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key));
  const ask = async (headers: RawHeaders) => {
    const bytes = toBinary(GetRoomRequestSchema, create(GetRoomRequestSchema, { roomId: server().roomId }));
    const { client, node } = server();
    return Promise.all([
      callGrpc(client, path, [bytes], headers),
      callHttp(node.httpAddress, path, { body: bytes, contentType: "application/proto", headers }),
    ]);
  };
  const expectRefused = async (authorization: string | undefined, status: string, reason: string) => {
    for (const told of await ask(authorization === undefined ? {} : { authorization })) {
      expect(told).toMatchObject({ status, reason, requestId: expect.any(String) });
      expect(told.body).toBeUndefined();
    }
  };

  test("a good token is good", async () => {
    for (const told of await ask({ authorization: `Bearer ${await sign(good())}` })) expect(told.status).toBe("OK");
  });

  test("no token", () => expectRefused(undefined, "UNAUTHENTICATED", "TOKEN_MISSING"));

  test.each([
    "nonsense",
    "Bearer",

    "Basic dGVzdHM6",
    "Bearer a b",
    "Bearer a.b.c",
    `Bearer ${"x".repeat(60)}`,
  ])("an authorization that is no token: %s", (authorization) =>
    expectRefused(authorization, "UNAUTHENTICATED", "TOKEN_INVALID"),
  );

  test("tokens of another key, another algorithm or none, another issuer, another audience, of nobody, for ever", async () => {
    const tokens = [
      await sign(good(), "another key of at least 32 bytes!"),
      await sign(good(), keyOf().repeat(2), "HS512"),
      `${base64({ alg: "none" })}.${base64(good())}.`,
      `${base64({ alg: "HS256" })}.${base64(good())}.`,
      await sign({ ...good(), iss: "somebody" }),
      await sign({ ...good(), aud: "payments" }),
      await sign({ ...good(), sub: "" }),
      await sign({ ...good(), sub: 7 }),
      await sign({ ...good(), sub: "x".repeat(129) }),
      await sign({ ...good(), sub: "a\nb" }),
      await sign({ ...good(), exp: undefined }),
    ];
    for (const token of tokens) await expectRefused(`Bearer ${token}`, "UNAUTHENTICATED", "TOKEN_INVALID");
  });

  test("a token that was good for somebody is not good with other claims under its signature", async () => {
    const [head, , signature] = (await sign(good())).split(".");
    const forged = `${head}.${base64({ ...good(), sub: "admin" })}.${signature}`;
    await expectRefused(`Bearer ${forged}`, "UNAUTHENTICATED", "TOKEN_INVALID");
  });

  test("tokens that are over, or not good yet, come back with the server's time", async () => {
    for (const claims of [{ exp: nowSeconds() - 3600 }, { nbf: nowSeconds() + 3600 }]) {
      const token = await sign({ ...good(), ...claims });
      await expectRefused(`Bearer ${token}`, "UNAUTHENTICATED", "TOKEN_EXPIRED");
      const [told] = await ask({ authorization: `Bearer ${token}` });
      expect(Date.parse(told?.metadata?.server_time ?? "")).toBeGreaterThan(Date.now() - 3_600_000);
    }
  });

  test("a service that is not among the allowed ones", async () => {
    const authorization = `Bearer ${await sign({ ...good(), sub: "stranger" })}`;
    await expectRefused(authorization, "PERMISSION_DENIED", "CALLER_NOT_ALLOWED");
    for (const { metadata } of await ask({ authorization })) {
      expect(metadata).toEqual({ caller: "stranger", method: "maru.chat.v1.RoomService/GetRoom" });
    }
  });
}
