import { expect, test } from "vitest";
import { goodRegistrations, toRegistration } from "./registration.ts";

test("what has run out, and what cannot be read, is no registration", () => {
  const fields = {
    good: toRegistration({ expiresAtMs: 1_001, sinceMs: 7 }),
    over: toRegistration({ expiresAtMs: 1_000, sinceMs: 7 }),
    later: "1001 7 and more",
    empty: "",
  };
  expect([...goodRegistrations(fields, 1_000)]).toEqual([["good", { expiresAtMs: 1_001, sinceMs: 7 }]]);
});
