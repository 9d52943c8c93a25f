// Bundles the functions of the lake, each into one file. usage: node scripts/bundle-analytics.ts [--out FOLDER]
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { root } from "./check/command.ts";

const help = `usage: npm run bundle-analytics -- [--out FOLDER]

Writes NAME/index.mjs for each file of packages/analytics/src/functions: an AWS Lambda function for Node 22 and later, with
all that it needs in one file. Files of SQL that it imports become text of the bundle.

  --out FOLDER   default packages/analytics/dist, where packages/analytics/serverless.yml looks for them
  --help
`;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(root, "packages/analytics/dist") },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(help);
else await bundle(join(root, "packages/analytics/src/functions"), values.out);

async function bundle(entries: string, out: string): Promise<void> {
  const files = readdirSync(entries).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  for (const file of files) {
    const outfile = join(out, basename(file, ".ts"), "index.mjs");
    await build({
      entryPoints: [join(entries, file)],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node22",
      loader: { ".sql": "text" },
      sourcemap: "linked",
      // Dependencies that are CommonJS ask for Node's own modules by `require`, which a module does not have.
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      logLevel: "warning",
    });
    process.stdout.write(`${outfile}: ${Math.ceil(statSync(outfile).size / 1024)} KiB\n`);
  }
}
