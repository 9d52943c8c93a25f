import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const main = join(import.meta.dirname, "simulation/main.ts");
const patientMs = 5 * 60_000;

/** In a process of its own, whose time and chance are not the machine's. Answers what its last line says. */
async function simulate(...args: string[]): Promise<Record<string, unknown>> {
  const run = promisify(execFile)(process.execPath, [main, ...args]);
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

describe("the whole way from senders to handlers, without engines", () => {
  it("keeps its promises in 500 random schedules", { timeout: patientMs }, async () => {
    expect(await simulate("--schedules", "500", "--keep-going")).toMatchObject({ schedules: 500, failedSeeds: [] });
  });

  it("is the same run for the same seed", { timeout: patientMs }, async () => {
    const [once, again] = [await simulate("--schedules", "20"), await simulate("--schedules", "20")];
    expect(once.trace).toMatch(/^[0-9a-f]{8}$/);
    expect(again.trace).toBe(once.trace);
  });

  it("shows each rule that is taken out within 2,000 schedules", { timeout: patientMs }, async () => {
    expect(await simulate("--faults", "--schedules", "2000")).toMatchObject({ missed: [] });
  });
});
