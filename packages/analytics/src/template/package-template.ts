import { execFile } from "node:child_process";
import { access, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { CloudFormationTemplate } from "./table-inputs.ts";

const run = promisify(execFile);
const packageFolder = join(import.meta.dirname, "../..");
const root = join(packageFolder, "../..");
const osls = join(root, ".tools/osls/node_modules/.bin/osls");

/** The template could not be packaged; the message says why. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** What would be deployed. */
export interface PackagedTemplate {
  readonly template: CloudFormationTemplate;
  /** Holds the template and the functions' zips: `flatten.zip`, `planNight.zip`. */
  readonly folder: string;
}

/** Bundles the functions and packages the template into a fresh folder, without AWS. Throws TemplateError. */
export async function packageTemplate(): Promise<PackagedTemplate> {
  await access(osls).catch(() => {
    throw new TemplateError("osls is missing: `npm run tools` fetches it.");
  });
  const folder = await mkdtemp(join(tmpdir(), "maru-template-"));
  await command(process.execPath, [join(root, "scripts/bundle-analytics.ts")]);
  await command(osls, ["package", "--stage", "dev", "--package", folder]);
  const text = await readFile(join(folder, "cloudformation-template-update-stack.json"), "utf8");
  return { template: JSON.parse(text) as CloudFormationTemplate, folder };
}

async function command(file: string, args: readonly string[]): Promise<void> {
  try {
    await run(file, args, { cwd: packageFolder, env: { ...process.env, AWS_REGION: "ap-northeast-2" } });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new TemplateError(`${file} failed:\n${stdout}${stderr}`);
  }
}
