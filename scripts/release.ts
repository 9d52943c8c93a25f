// Makes a release out of the changesets: one version for all published packages, their changelogs, and the contract's
// image that later changes are compared with. It publishes nothing itself: the last lines say how.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./published.ts";

const help = `usage: npm run release -- [--help]

1. changeset version: raises the versions and writes the changelogs
2. buf build: proto/baseline.binpb becomes the image of this release
3. samples: one event of every type as this version writes it, which all later versions must read
4. build: the published packages

Then look at the difference, commit it, and publish with: npx pnpm@12.21.0 -r publish
What is deprecated (@deprecated) stays for two minor versions before it is removed: docs/compatibility.md.
`;

const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { cwd: root, stdio: "inherit" });
}

/** Contracts change with minor versions. */
function writeSamples(minor: string): void {
  if (existsSync(join(root, `packages/client/test/samples/v${minor}`))) return;
  run("node", "packages/client/test/samples/write-samples.ts", minor);
  run("biome", "format", "--write", "packages/client/test/samples");
}

if (values.help) process.stdout.write(help);
else {
  run("changeset", "version");
  run("buf", "build", "-o", "proto/baseline.binpb");
  const { version } = JSON.parse(readFileSync(join(root, "packages/client/package.json"), "utf8")) as {
    version: string;
  };
  writeSamples(version.split(".", 2).join("."));
  run("node", "scripts/build.ts");
  process.stdout.write(
    `version ${version} is ready: commit it, tag it v${version}, and run npx pnpm@12.21.0 -r publish\n`,
  );
}
