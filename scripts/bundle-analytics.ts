// Bundles the functions of the lake, each into one file. usage: node scripts/bundle-analytics.ts [--out FOLDER]
import { statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleAnalytics } from "./build/bundle-analytics.ts";
import { root } from "./published.ts";

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
else
  for (const file of await bundleAnalytics(values.out))
    process.stdout.write(`${file}: ${Math.ceil(statSync(file).size / 1024)} KiB\n`);
