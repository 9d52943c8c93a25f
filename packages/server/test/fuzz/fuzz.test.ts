import { startStack } from "@maru/devstack";
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/domain/store.ts";
import { contractMethods } from "../contract-methods.ts";
import { startMemoryServer } from "../memory-server.ts";
import { memoryTopic } from "../memory-topic-view.ts";
import { runFuzz } from "./run-fuzz.ts";

const requests = 10_000;

test("random requests leave the server healthy, and its rooms as their logs say", { timeout: 300_000 }, async () => {
  const redis = await startStack({ redis: true });
  const settings = { MARU_AUDIT_LOG: "off", MARU_REDIS_NODES: redis.redis?.nodes.join(",") ?? "" };
  const report = await runFuzz(
    20_261_123,
    requests,
    () => {},
    () => startMemoryServer(settings, Date.now, (store) => store, memoryTopic()),
  );
  await redis.close();
  // Found one? node packages/server/test/fuzz/main.ts makes the same requests with the same seed.
  expect(report.problems).toEqual([]);
  expect(report.requests).toBe(requests);
  expect(report.accepted).toBeGreaterThan(requests / 3);
  expect(report.roomsVerified).toBeGreaterThan(100);
  const calls = Object.entries(report.calls);
  expect(calls).toHaveLength(contractMethods.length);
  for (const [name, { accepted }] of calls) expect(accepted, name).toBeGreaterThanOrEqual(20);
});

/** Nothing but a fault that is known to be there shows that one would be found. */
describe("what would be wrong is found:", () => {
  const problemsOf = async (distort: (store: Store) => Store) =>
    (
      await runFuzz(
        1,
        500,
        () => {},
        () => startMemoryServer({}, Date.now, distort),
      )
    ).problems.join("\n");

  test("a failure that nobody foresaw", async () => {
    const problems = await problemsOf((store) => ({
      ...store,
      async readEntriesAt() {
        throw new TypeError("not foreseen");
      },
    }));
    expect(problems).toMatch(/^request \d+ got INTERNAL ERROR_REASON_INTERNAL .*: MessageService\//);
    expect(problems).toMatch(/^logged: .*not foreseen/m);
  });

  test("a change of members that the table does not keep", async () => {
    const problems = await problemsOf((store) => ({
      ...store,
      putEntryWithState: (logged, { members, ...change }, signal) => {
        const kept = change.create === undefined ? {} : { members: members ?? [] };
        return store.putEntryWithState(logged, { ...change, ...kept }, signal);
      },
    }));
    expect(problems).toMatch(/^room \S+: .*member/m);
  });
});
