import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TemplateError } from "../../packages/analytics/src/template/template.ts";
import { cfnLint } from "../tools/pinned.ts";

/** What cfn-lint finds in a CloudFormation template; undefined when it finds nothing. */
export function lintTemplate(file: string): string | undefined {
  const program = join(cfnLint.bin, "cfn-lint");
  if (!existsSync(program)) throw new TemplateError("cfn-lint is missing: run `npm run tools`");
  // W3005: osls says twice what depends on what.
  const { status, stdout, stderr } = spawnSync(program, ["--ignore-checks", "W3005", "--", file], { encoding: "utf8" });
  return status === 0 ? undefined : `${stdout}${stderr}`.trim();
}
