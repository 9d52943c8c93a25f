import { beforeAll, describe, expect, it } from "vitest";
import { createDynamoStore } from "../src/store/dynamodb-store.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { type DomainModule, loadDomain, ownDomainUrl } from "./model/domain-module.ts";
import { findFault } from "./model/find-fault.ts";
import { plantedFaults } from "./model/planted-faults.ts";
import { runSchedule, type ScheduleOptions } from "./model/run-schedule.ts";
import { testTables } from "./store-tables.ts";

const patientMs = 5 * 60_000;

let domain: DomainModule;
beforeAll(async () => {
  domain = await loadDomain(ownDomainUrl);
});

async function runSchedules(firstSeed: number, count: number, options: () => ScheduleOptions): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const { violations } = await runSchedule(seed, options(), domain);
    expect(violations, `of seed ${seed}`).toEqual([]);
  }
}

describe("the log, held against a plain array", () => {
  it("keeps its promises in 2,000 random schedules on the store in memory", { timeout: patientMs }, () =>
    runSchedules(1, 2_000, () => ({ store: createMemoryStore(), patienceMs: 0 })),
  );

  it("keeps its promises in 30 random schedules on DynamoDB", { timeout: patientMs }, async () => {
    const store = createDynamoStore(await testTables());
    await runSchedules(1, 30, () => ({ store, patienceMs: 30_000 }));
  });
});

describe("a fault planted in the log is found within 10,000 schedules:", () => {
  it.each(plantedFaults.map((fault) => [fault.name, fault] as const))(
    "%s",
    { timeout: patientMs },
    async (_name, fault) => {
      expect((await findFault(fault, 1, 10_000)).violation).toBeDefined();
    },
  );
});
