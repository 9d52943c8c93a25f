// Packages the template of the lake and checks it, without AWS. usage: node scripts/template.ts [--out FOLDER] [--param …]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { templateChecks } from "../packages/analytics/src/template/checks.ts";
import { TemplateError } from "../packages/analytics/src/template/template.ts";
import { bundleAnalytics } from "./build/bundle-analytics.ts";
import { root } from "./published.ts";
import { codeActionsOf } from "./template/code-actions.ts";
import { lintTemplate } from "./template/lint-template.ts";
import { packageTemplate } from "./template/package-template.ts";

const help = `usage: npm run template -- [--out FOLDER] [--stage STAGE] [--param NAME=VALUE]...

Bundles the functions of the lake, packages packages/analytics/serverless.yml as a deployment would, and checks what came
out: cfn-lint, asl-validator, and what these do not see. It needs no account of AWS, and \`npm run tools\` once.
Its exit code is 0 when nothing was found, 1 when something was, 2 when it could not be packaged.

  --out FOLDER         keep the CloudFormation templates and the functions' zips there
  --stage STAGE        default dev
  --param NAME=VALUE   a parameter of serverless.yml
  --help
`;

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    stage: { type: "string", default: "dev" },
    param: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(help);
else {
  const into = values.out === undefined ? mkdtempSync(join(tmpdir(), "maru-template-")) : resolve(values.out);
  try {
    process.exitCode = await check(into);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  } finally {
    if (values.out === undefined) rmSync(into, { recursive: true, force: true });
  }
}

async function check(into: string): Promise<number> {
  const bundles = await bundleAnalytics(join(root, "packages/analytics/dist"));
  const params = Object.fromEntries(values.param.map((text) => text.split(/=(.*)/s, 2)));
  const { template, file, offline } = packageTemplate({ into, stage: values.stage, params });
  const count = Object.keys(template.Resources).length;
  const network = offline ? "without network" : "(the machine has no `unshare`: network was not taken away)";
  process.stdout.write(`packaged ${bundles.length} functions, ${count} resources ${network}\n`);

  const actions = await codeActionsOf(template);
  let found = tell("cfn-lint", [lintTemplate(file) ?? []].flat());
  for (const { name, run } of templateChecks) found += tell(name, run(template, actions));
  process.stdout.write(found === 0 ? "nothing found\n" : `${found} found\n`);
  return found === 0 ? 0 : 1;
}

function tell(name: string, problems: readonly string[]): number {
  process.stdout.write(`${problems.length === 0 ? "ok   " : "WRONG"} ${name}\n`);
  for (const problem of problems) process.stdout.write(`      ${problem.replaceAll("\n", "\n      ")}\n`);
  return problems.length;
}
