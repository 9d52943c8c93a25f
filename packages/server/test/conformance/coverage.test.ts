import { ErrorReasonSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { contractMethods, nameOf } from "../contract-methods.ts";
import { allCases } from "./all-cases.ts";
import { ownedCases } from "./owned-all-cases.ts";

/** Reasons that no call is refused with, and why. */
const unused: Readonly<Record<string, string>> = {
  UNSPECIFIED: "is never sent: clients see it for errors without a known reason",
  ROOM_NOT_FOLLOWED: "is what a gateway says over a socket",
  TOO_MANY_ROOMS_FOLLOWED: "is what a gateway says over a socket",
};

test("the cases call every call of the contract", () => {
  const called = new Set(allCases.flatMap(({ calls }) => calls));
  expect([...called].toSorted()).toEqual(contractMethods.map(nameOf).toSorted());
});

test("every reason is met by callers, or by the owner of a server, or is not used yet", () => {
  const byCallers = new Set<string>(allCases.flatMap(({ refuses = [] }) => refuses));
  const byOwners = new Set<string>(ownedCases.flatMap(({ refuses }) => refuses));
  const all = [...byCallers, ...byOwners, ...Object.keys(unused)];
  // Each in one list only: none stands twice.
  expect(all.toSorted()).toEqual(ErrorReasonSchema.values.map(({ localName }) => localName).toSorted());
});

test("each case has a name of its own", () => {
  const names = [...allCases, ...ownedCases].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
