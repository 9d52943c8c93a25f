import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Template, TemplateError } from "../../packages/analytics/src/template/template.ts";
import { root } from "../published.ts";
import { osls } from "../tools/pinned.ts";

const service = join(root, "packages/analytics");

/** What is packaged, and where to. */
export interface PackageOptions {
  /** Folder for the CloudFormation templates and the functions' zips. */
  readonly into: string;
  readonly stage?: string;
  /** Parameters of serverless.yml. */
  readonly params?: Readonly<Record<string, string>>;
}

/** The service as `osls deploy` would send it to AWS. */
export interface PackagedTemplate {
  readonly template: Template;
  /** The CloudFormation template as a file, for linters. */
  readonly file: string;
  /** Whether it was made where there is no network. */
  readonly offline: boolean;
}

/** Packages the lake's service from the bundles of its functions, without credentials and, where it can, without network. */
export function packageTemplate({ into, stage = "dev", params = {} }: PackageOptions): PackagedTemplate {
  if (!existsSync(osls.path)) throw new TemplateError("osls is missing: run `npm run tools`");
  for (const name of ["flatten", "plan-night"]) {
    const bundle = join(service, "dist", name, "index.mjs");
    if (!existsSync(bundle))
      throw new TemplateError(`${relative(root, bundle)} is missing: run \`npm run bundle-analytics\``);
  }
  mkdirSync(into, { recursive: true });
  const given = Object.entries(params).map(([name, value]) => `--param=${name}=${value}`);
  const command = [osls.path, "package", `--stage=${stage}`, `--package=${into}`, ...given];
  const offline = spawnSync("unshare", ["-rn", "true"], { stdio: "ignore" }).status === 0;
  const [program = "", ...args] = offline ? ["unshare", "-rn", ...command] : command;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: service,
    encoding: "utf8",
    // Nobody's credentials and settings.
    env: {
      PATH: process.env.PATH,
      HOME: into,
      NO_COLOR: "1",
      SLS_NOTIFICATIONS_MODE: "off",
      SLS_TELEMETRY_DISABLED: "1",
    },
  });
  if (status !== 0) throw new TemplateError(`osls package failed\n${error?.message ?? ""}${stdout}${stderr}`.trimEnd());
  const file = join(into, "cloudformation-template-update-stack.json");
  return { template: JSON.parse(readFileSync(file, "utf8")) as Template, file, offline };
}
