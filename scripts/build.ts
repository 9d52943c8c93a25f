// Builds the published packages into their dist folders. usage: node scripts/build.ts
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundleTesting } from "./build/bundle-testing.ts";
import { publishedPackages, root } from "./published.ts";

for (const name of publishedPackages) {
  const folder = join(root, "packages", name);
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true });
  if (name === "testing") await bundleTesting(folder, dist);
  else execFileSync("tsc", ["-p", join(folder, "tsconfig.build.json")], { stdio: "inherit" });
  if (name === "client") chmodSync(join(dist, "main.js"), 0o755);
  if (name === "protocol") {
    cpSync(join(folder, "src/gen"), join(dist, "gen"), { recursive: true });
    rmSync(join(folder, "proto"), { recursive: true, force: true });
    cpSync(join(root, "proto"), join(folder, "proto"), { recursive: true, filter: (file) => !file.endsWith(".binpb") });
  }
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  process.stdout.write(`built @maru/${name}\n`);
}
