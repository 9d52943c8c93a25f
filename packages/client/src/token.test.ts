import { expect, test } from "vitest";
import { createTokenSource } from "./token.ts";

test("a token is fetched once for all callers, kept, and fetched again when it has expired", async () => {
  let fetches = 0;
  const source = createTokenSource(async () => `t${++fetches}`);
  expect(await Promise.all([source.current(), source.current()])).toEqual(["t1", "t1"]);
  expect(source.current()).toBe("t1");
  expect(source.expire("t1")).toBe(true);
  expect(await source.current()).toBe("t2");
  source.expire("t1"); // A slower call learns of the old token's end: the new one stays.
  expect(source.current()).toBe("t2");
  expect(fetches).toBe(2);
});

test("a provider that fails is asked again by the next call", async () => {
  const answers = [() => Promise.reject(new Error("no network")), async () => "t"];
  const source = createTokenSource(() => (answers.shift() ?? (async () => ""))());
  await expect(source.current()).rejects.toMatchObject({ code: "UNAUTHENTICATED", cause: { message: "no network" } });
  expect(await source.current()).toBe("t");
});

test("a fixed token cannot be renewed", () => {
  const source = createTokenSource("fixed");
  expect([source.current(), source.expire("fixed")]).toEqual(["fixed", false]);
});
