import { expect, test } from "vitest";
import { TokenCache } from "./token-cache.ts";

test("a token is remembered until it expires", () => {
  const cache = new TokenCache(10);
  cache.set("a", "orders", 1000);
  expect(cache.get("a", 999)).toBe("orders");
  expect(cache.get("a", 1000)).toBeUndefined();
  expect(cache.get("b", 0)).toBeUndefined();
});

test("the oldest token goes when there are too many", () => {
  const cache = new TokenCache(2);
  cache.set("a", "orders", 1000);
  cache.set("b", "payments", 1000);
  cache.set("b", "payments", 2000);
  cache.set("c", "search", 1000);
  expect(["a", "b", "c"].map((token) => cache.get(token, 0))).toEqual([undefined, "payments", "search"]);
});

test("a cache for no tokens remembers none", () => {
  const cache = new TokenCache(0);
  cache.set("a", "orders", 1000);
  expect(cache.get("a", 0)).toBeUndefined();
});
