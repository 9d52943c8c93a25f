import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Stack } from "@maru/devstack";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCopy } from "../src/copy/run-copy.ts";
import { makePlan, type Plan } from "../src/plan/make-plan.ts";
import { createWorld, type MigrateWorld, startEngines } from "./migrate-world.ts";

const run = promisify(execFile);
const main = join(import.meta.dirname, "../src/main.ts");

let stack: Stack;
let world: MigrateWorld;
beforeAll(async () => {
  stack = await startEngines();
  world = await createWorld(stack);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await stack?.close();
});

const planned = (unitsPerSecond: number): Promise<Plan> =>
  makePlan({
    ...{ source: world.source, mapping: world.mapping, unitsPerSecond },
    ...{ pricePerMillionUnits: 0.625, sampleRooms: 200 },
  });

test("a plan counts what the copy then copies, and reckons its write units", async () => {
  const plan = await planned(1_000);
  const report = await runCopy(world.copyOptions());
  for (const table of ["rooms", "participants", "messages"] as const)
    expect(plan.counts[table]).toEqual({ rows: report.counts[table].source, exact: true });
  expect(plan.examples.length).toBeGreaterThan(0);
  expect(plan.examples.length).toBeLessThanOrEqual(5);
  expect(plan.seconds).toBeCloseTo(plan.writeUnits / 1_000, -1);
  expect(plan.cost).toBeCloseTo((plan.writeUnits / 1_000_000) * 0.625, 5);
  // All rooms are in the sample, so what is reckoned is what is written.
  expect(plan.writeUnits / report.writeUnits).toBeGreaterThan(0.9);
  expect(plan.writeUnits / report.writeUnits).toBeLessThan(1.1);
});

test("the command shows rooms before and after, the counts, and what the copy takes", async () => {
  const mappingFile = join(world.folder, "plan.yaml");
  await writeFile(mappingFile, world.mappingFile);
  const { stdout } = await run(process.execPath, [main, "plan", "--source", world.source, "--mapping", mappingFile]);
  expect(stdout).toMatch(/room \d+: \d+ participants and \d+ messages become \d+ entries and \d+ members/);
  expect(stdout).toMatch(/ {2}before {2}\{.*\n(.*\n)* {2}after {3}\{/);
  expect(stdout).toMatch(/the copy: [\d,]+ items, [\d,]+ write units, .*, \$\d+\.\d\d/);
});

test("a mapping that does not fit the tables is refused with the lines of what is wrong", async () => {
  const mappingFile = join(world.folder, "wrong.yaml");
  await writeFile(mappingFile, world.mappingFile.replace("text: body", "text: bodyy"));
  const refused = run(process.execPath, [main, "plan", "--source", world.source, "--mapping", mappingFile]);
  await expect(refused).rejects.toMatchObject({
    stderr: expect.stringMatching(/wrong\.yaml:\d+: .*has no column bodyy/),
  });
});
