import assert from "node:assert/strict";
import type { OwnedCase } from "./owned-case.ts";
import { found, openRoom, refused } from "./scene.ts";

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

export const ownedIdentityCases: readonly OwnedCase[] = [
  {
    name: "a token that is over is refused with the server's time",
    refuses: ["TOKEN_EXPIRED"],
    async run(start) {
      const { server, withToken } = await start();
      const late = withToken(await server.tokenOf("tests", -60));
      const { metadata } = await refused("TOKEN_EXPIRED", late.rooms.getRoom({ roomId: "r" }));
      assert.ok(Date.parse(found(metadata.serverTime)) > 0);
    },
  },
  {
    name: "a token whose key cannot be fetched is neither accepted nor refused",
    refuses: ["IDENTITY_UNAVAILABLE"],
    async run(start) {
      const { withToken } = await start({ settings: { MARU_TOKEN_JWKS_URL: "http://127.0.0.1:9/keys" } });
      const claims = { sub: "tests", iss: "maru", aud: "maru", exp: 4_102_444_800 };
      const signed = withToken(`${base64({ alg: "RS256", kid: "new" })}.${base64(claims)}.c2lnbmVk`);
      const { retryAfterMs } = await refused("IDENTITY_UNAVAILABLE", signed.rooms.getRoom({ roomId: "r" }));
      assert.ok(found(retryAfterMs) > 0);
    },
  },
  {
    name: "a service that sends more than its share is told when to come back",
    refuses: ["RATE_LIMITED"],
    async run(start) {
      const policy = `services:
  tests: { calls: "*", act_as_users: true, rate: { per_second: 1, burst: 2 } }
`;
      const context = await start({ policy });
      const roomId = await openRoom(context);
      const callOften = async () => {
        for (let n = 0; n < 100; n++) await context.rooms.getRoom({ roomId });
      };
      const { retryAfterMs, metadata } = await refused("RATE_LIMITED", callOften());
      assert.ok(found(retryAfterMs) > 0);
      assert.deepEqual(metadata, { caller: "tests" });
    },
  },
];
