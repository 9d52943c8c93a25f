// Makes a release out of the changesets: one version for all published packages, their changelogs, and the contract's
// image that later changes are compared with. It publishes nothing itself: the last lines say how.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./published.ts";

const help = `usage: npm run release -- [--help]

1. changeset version: raises the versions and writes the changelogs
2. buf build: proto/baseline.binpb becomes the image of this release
3. build: the published packages

Then look at the difference, commit it, and publish with: npx pnpm@12.21.0 -r publish
What is deprecated (@deprecated) stays for two minor versions before it is removed: docs/compatibility.md.
`;

const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { cwd: root, stdio: "inherit" });
}

if (values.help) process.stdout.write(help);
else {
  run("changeset", "version");
  run("buf", "build", "-o", "proto/baseline.binpb");
  run("node", "scripts/build.ts");
  const { version } = JSON.parse(readFileSync(join(root, "packages/client/package.json"), "utf8")) as {
    version: string;
  };
  process.stdout.write(
    `version ${version} is ready: commit it, tag it v${version}, and run npx pnpm@12.21.0 -r publish\n`,
  );
}
