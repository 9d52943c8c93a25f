import { defineConfig } from "vitest/config";

const report = process.env.TEST_REPORT;

/** They want PostgreSQL, which not everybody has. */
const withPostgres = ["packages/migrate/test/**/*.test.ts", "packages/analytics/test/export*.test.ts"];

export default defineConfig({
  test: {
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    // kafkajs 2.2.4 sets timers with negative delays, and Node 24 warns of each.
    execArgv: ["--disable-warning=TimeoutNegativeWarning"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "bench/src/**/*.test.ts", "examples/*/src/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "engine",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: ["**/*.slow.test.ts", "**/*.agent.test.ts", "**/*.lake.test.ts", ...withPostgres],
          globalSetup: ["packages/devstack/src/vitest-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Engines, servers and tests share the machine: more files at once make each of them slower, not the whole faster.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          // What takes its time by nature: it has a run of its own, so that `npm test` stays short.
          name: "slow",
          include: [
            "packages/*/test/**/*.slow.test.ts",
            "examples/*/test/**/*.test.ts",
            "bench/test/**/*.test.ts",
            ...withPostgres,
          ],
          globalSetup: ["packages/devstack/src/vitest-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          // The lake's own engines beside the others: an object store and Trino, and the runtime client of Lambda.
          name: "lake",
          include: ["packages/analytics/test/**/*.lake.test.ts"],
          globalSetup: ["packages/devstack/src/vitest-setup.ts", "packages/analytics/test/lake/setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          // With a program that no registry has: FLUENT_BIT names it.
          name: "fluent-bit",
          include: ["packages/server/test/forward-fluent-bit.agent.test.ts"],
          globalSetup: ["packages/devstack/src/vitest-setup.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "interop",
          include: ["interop/**/*.test.ts"],
          globalSetup: ["packages/devstack/src/vitest-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
