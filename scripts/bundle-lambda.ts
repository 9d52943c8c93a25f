// Bundles the relay's function into one file. usage: node scripts/bundle-lambda.ts [--out FOLDER]
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { root } from "./check/command.ts";

const help = `usage: npm run bundle-lambda -- [--out FOLDER]

Writes index.mjs, the relay as an AWS Lambda function for Node 22 and later, with all that it needs in one file. Its
handler is index.handler; its settings are the server's (docs/lambda.md).

  --out FOLDER   default packages/server/dist/lambda
  --help
`;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(root, "packages/server/dist/lambda") },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(help);
else await bundle(join(values.out, "index.mjs"));

async function bundle(outfile: string): Promise<void> {
  mkdirSync(values.out, { recursive: true });
  await build({
    entryPoints: [join(root, "packages/server/src/lambda.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22",
    sourcemap: "linked",
    // Dependencies that are CommonJS ask for Node's own modules by `require`, which a module does not have.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  process.stdout.write(`${outfile}: ${Math.ceil(statSync(outfile).size / 1024)} KiB\n`);
}
