import { beforeAll, describe, expect, it } from "vitest";
import { createDynamoStore } from "../src/store/dynamodb-store.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { type DomainModule, loadDomain, ownDomainUrl } from "./model/domain-module.ts";
import { findFault } from "./model/find-fault.ts";
import { messageFaults } from "./model/message-faults.ts";
import { runMessageSchedule } from "./model/run-message-schedule.ts";
import type { ScheduleOptions } from "./model/run-schedule.ts";
import { testTables } from "./store-tables.ts";

const patientMs = 5 * 60_000;

let domain: DomainModule;
beforeAll(async () => {
  domain = await loadDomain(ownDomainUrl);
});

async function runSchedules(firstSeed: number, count: number, options: () => ScheduleOptions): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const { violations } = await runMessageSchedule(seed, options(), domain);
    expect(violations, `of seed ${seed}`).toEqual([]);
  }
}

describe("messages that are changed, held against a slow fold of their log", () => {
  it("are what the log says in 1,000 random schedules on the store in memory", { timeout: patientMs }, () =>
    runSchedules(1, 1_000, () => ({ store: createMemoryStore(), patienceMs: 0 })),
  );

  it("are what the log says in 20 random schedules on DynamoDB", { timeout: patientMs }, async () => {
    const store = createDynamoStore(await testTables());
    await runSchedules(1, 20, () => ({ store, patienceMs: 30_000 }));
  });
});

describe("a fault planted in a verb of messages is found within 1,500 schedules:", () => {
  it.each(messageFaults.map((fault) => [fault.name, fault] as const))(
    "%s",
    { timeout: patientMs },
    async (_name, fault) => {
      expect((await findFault(fault, 1, 1_500, runMessageSchedule)).violation).toBeDefined();
    },
  );
});
