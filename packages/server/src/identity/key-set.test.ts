import { ErrorReason } from "@maru/protocol";
import { errors, type JWTVerifyGetKey } from "jose";
import { expect, test } from "vitest";
import { createKeySet } from "./key-set.ts";

/** An issuer whose keys are texts, under a clock that is turned by hand. */
function issuerWith(...kids: string[]) {
  const issuer = { kids, loads: 0, away: false, nowMs: 1_000_000, results: [] as string[] };
  const load = async (): Promise<JWTVerifyGetKey> => {
    issuer.loads++;
    if (issuer.away) throw new Error("no route");
    const known = [...issuer.kids];
    return async ({ kid = "" }) => {
      if (!known.includes(kid)) throw new errors.JWKSNoMatchingKey();
      return new TextEncoder().encode(kid);
    };
  };
  const keys = createKeySet({
    load,
    maxAgeMs: 60_000,
    trustedForMs: 3_600_000,
    cooldownMs: 10_000,
    nowMs: () => issuer.nowMs,
    onLoad: (result) => issuer.results.push(result),
  });
  const find = async (kid: string) =>
    new TextDecoder().decode((await keys({ alg: "ES256", kid }, {} as never)) as Uint8Array);
  return { issuer, find };
}

const unavailable = { reason: ErrorReason.IDENTITY_UNAVAILABLE };

test("keys are loaded once, also when many ask at first", async () => {
  const { issuer, find } = issuerWith("a");
  expect(await Promise.all([find("a"), find("a"), find("a")])).toEqual(["a", "a", "a"]);
  expect(issuer.loads).toBe(1);
});

test("a key that is new is found, but who invents keys makes nobody load more than once in the cooldown", async () => {
  const { issuer, find } = issuerWith("a");
  await find("a");
  issuer.kids = ["a", "b"];
  await expect(find("b")).rejects.toThrow(errors.JWKSNoMatchingKey);
  issuer.nowMs += 10_000;
  expect(await find("b")).toBe("b");
  for (let n = 0; n < 50; n++) await expect(find(`invented-${n}`)).rejects.toThrow(errors.JWKSNoMatchingKey);
  expect(issuer.loads).toBe(2);
});

test("old keys are loaded anew beside the calls, and a key that was taken back is refused after that", async () => {
  const { issuer, find } = issuerWith("a", "b");
  await find("a");
  issuer.kids = ["b"];
  issuer.nowMs += 60_001;
  expect(await find("a")).toBe("a");
  await expect.poll(() => issuer.results).toEqual(["loaded", "loaded"]);
  await expect(find("a")).rejects.toThrow(errors.JWKSNoMatchingKey);
});

test("while the issuer is away known keys are good until they are too old, and unknown ones are neither good nor bad", async () => {
  const { issuer, find } = issuerWith("a");
  await find("a");
  issuer.away = true;
  issuer.nowMs += 60_001;
  expect(await find("a")).toBe("a");
  await expect.poll(() => issuer.results).toEqual(["loaded", "failed"]);
  await expect(find("b")).rejects.toMatchObject({ ...unavailable, retryAfterMs: 1000 });
  expect(issuer.loads).toBe(2);
  issuer.nowMs += 3_600_000;
  await expect(find("a")).rejects.toMatchObject(unavailable);
  issuer.away = false;
  issuer.nowMs += 1_000;
  expect(await find("a")).toBe("a");
});

test("an issuer that was never reached leaves every token undecided, and is asked again after a moment", async () => {
  const { issuer, find } = issuerWith("a");
  issuer.away = true;
  await expect(find("a")).rejects.toMatchObject({ ...unavailable, cause: { message: "no route" } });
  await expect(find("a")).rejects.toMatchObject(unavailable);
  expect(issuer.loads).toBe(1);
  issuer.away = false;
  issuer.nowMs += 1_000;
  expect(await find("a")).toBe("a");
});
