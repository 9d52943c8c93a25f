import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readDescriptorSet } from "@maru/protocol/descriptors";
import { expect, test } from "vitest";
import { openKind } from "../domain/rooms/room-kind.ts";
import { knownMethods } from "./known-methods.ts";
import { type PolicyDocument, parsePolicy } from "./parse-policy.ts";

const methods = [
  "RoomService/CreateRoom",
  "RoomService/GetRoom",
  "RoomService/ListRooms",
  "MessageService/SendMessage",
].map((name) => `maru.chat.v1.${name}`);

function policyOf(text: string): PolicyDocument {
  const parsed = parsePolicy(text, methods);
  if ("problems" in parsed) throw new Error(parsed.problems.join("\n"));
  return parsed.policy;
}

function problemsOf(text: string): readonly string[] {
  const parsed = parsePolicy(text, methods);
  return "problems" in parsed ? parsed.problems : [];
}

test("a policy says what each service may do, and what the kinds of rooms are", () => {
  const { kinds, services, others } = policyOf(`
kinds:
  group:
  support: { creators: [helpdesk], max_members: 20, writers: admins, edit_window: 15m, retention: 90d }
services:
  helpdesk:
    calls: ["RoomService/*", "MessageService/SendMessage"]
    kinds: [support]
    act_as_users: true
    rate: { per_second: 2.5 }
  orders: { calls: "*", act_as_system: true, rate: { per_second: 10, burst: 50 } }
default: { calls: ["RoomService/Get*"] }
`);
  expect(kinds?.find("group")).toEqual(openKind);
  expect(kinds?.find("support")).toEqual({
    creators: new Set(["helpdesk"]),
    maxMembers: 20,
    writers: "admins",
    editWindowMs: 900_000,
    retentionMs: 7_776_000_000,
  });
  expect(kinds?.find("other")).toBeUndefined();
  expect(services.get("helpdesk")).toEqual({
    methods: new Set(methods),
    kinds: new Set(["support"]),
    actAsUsers: true,
    actAsSystem: false,
    rate: { perSecond: 2.5, burst: 3 },
  });
  expect(services.get("orders")).toEqual({
    methods: undefined,
    kinds: undefined,
    actAsUsers: false,
    actAsSystem: true,
    rate: { perSecond: 10, burst: 50 },
  });
  expect(others?.methods).toEqual(new Set(["maru.chat.v1.RoomService/GetRoom"]));
});

test("services that are not named may nothing, unless the default says so", () => {
  expect(policyOf("services: { orders: { calls: '*' } }")).toMatchObject({ others: undefined, kinds: undefined });
  expect(policyOf("services: { orders: { calls: '*' } }\ndefault: refuse").others).toBeUndefined();
  expect(policyOf("default: { calls: '*' }").services.size).toBe(0);
});

test("all that is wrong is told at once, each with its line", () => {
  const text = `kinds:
  Group: {}
  support:
    max_members: many
    writers: everybody
    edit_window: 15
    retention: 1h
    colour: blue
    creators: [ordesr]
services:
  orders:
    calls:
      - RoomService/GetRoom
      - RoomService/GetRooms
    kinds: [support, suport]
    act_as_users: "yes"
    rate: { per_second: 0, burst: 0.5 }
  payments:
    act_as_system: true
  search: everything
defaults: refuse
`;
  expect(problemsOf(text)).toEqual([
    "line 2: kinds.Group is not a kind: 1 to 32 of a-z, 0-9, _ and -, beginning with a letter",
    'line 4: kinds.support.max_members must be a whole number from 1 to 1000000, not "many"',
    'line 5: kinds.support.writers must be one of members, admins, services, not "everybody"',
    'line 6: kinds.support.edit_window must be a duration of more than nothing, like "30s", "15m", "12h", "90d"',
    "line 7: kinds.support.retention must be at least 1d: younger messages are never removed",
    "line 8: kinds.support.colour is not known here; known are creators, max_members, writers, edit_window, retention",
    "line 9: kinds.support.creators names a service that may not call: ordesr",
    "line 14: services.orders.calls names no call that there is: RoomService/GetRooms",
    "line 15: services.orders.kinds names a kind that is not declared: suport",
    'line 16: services.orders.act_as_users must be true or false, not "yes"',
    "line 17: services.orders.rate.per_second must be a number from 0.001 to 1000000, not 0",
    "line 17: services.orders.rate.burst must be a whole number from 1 to 1000000, not 0.5",
    'line 18: services.payments must have calls: a list, or "*"',
    'line 20: services.search must be a map, not "everything"',
    'line 20: services.search must have calls: a list, or "*"',
    "line 21: defaults is not known here; known are kinds, services, default",
  ]);
});

test("what is no YAML, or says a thing twice, is told with its line", () => {
  expect(problemsOf("services:\n  orders: { calls: '*'\n")).toEqual([
    expect.stringMatching(/^line [23]: is not good YAML: /),
  ]);
  const twice = "services:\n  orders: { calls: '*' }\n  orders: { calls: [] }\n";
  expect(problemsOf(twice)).toEqual(["line 3: is not good YAML: Map keys must be unique"]);
  expect(problemsOf("default: refuse\n---\ndefault: refuse\n")).toHaveLength(1);
  expect(problemsOf("services: { orders: { calls: *nobody } }")).not.toEqual([]);
});

test("a file that says nothing of services is no policy", () => {
  expect(problemsOf("")).toEqual([
    "line 1: must be a map, not nothing",
    "line 1: the file must say what services may do: in services, or default",
  ]);
  expect(problemsOf("kinds: { group: }")).toEqual([
    "line 1: the file must say what services may do: in services, or default",
  ]);
});

test("an anchor stands for what it names", () => {
  const { services } = policyOf("services:\n  a: &same { calls: '*', act_as_users: true }\n  b: *same\n");
  expect(services.get("b")).toEqual(services.get("a"));
});

test("the policy in the documentation is good, and says what the page says", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../docs/policy.md"), "utf8");
  const [example = ""] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text);
  const parsed = parsePolicy(example, knownMethods(readDescriptorSet()));
  if ("problems" in parsed) throw new Error(parsed.problems.join("\n"));
  const { kinds, services, others } = parsed.policy;
  expect(kinds?.find("announcement")?.writers).toBe("services");
  expect(services.get("support-desk")?.kinds).toEqual(new Set(["support"]));
  expect(services.get("search")?.methods?.has("maru.chat.v1.MessageService/ListReactions")).toBe(true);
  expect(services.get("operations")?.methods).toBeUndefined();
  expect(others).toBeUndefined();
});
