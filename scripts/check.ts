// Everything that needs no engine: generated files, contracts, format, lint, types, layers. Ends with the counts.
// usage: node scripts/check.ts [name...]     names: run only these steps
import { writeFileSync } from "node:fs";
import { checks } from "./check/checks.ts";

const wanted = process.argv.slice(2);
const chosen = checks.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
let failed = 0;
for (const { name, run } of chosen) {
  const startedAt = performance.now();
  const problem = await run().catch((error: unknown) => String(error instanceof Error ? error.message : error));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${problem === undefined ? "ok    " : "FAILED"} ${name} (${seconds} s)\n`);
  if (problem !== undefined) {
    failed++;
    process.stdout.write(`${problem.replace(/^/gm, "    ")}\n`);
  }
}
process.stdout.write(`checks: ${chosen.length - failed} passed, ${failed} failed\n`);
const report = process.env.TEST_REPORT;
if (report !== undefined) {
  writeFileSync(report, JSON.stringify({ numPassedTests: chosen.length - failed, numFailedTests: failed }));
}
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
