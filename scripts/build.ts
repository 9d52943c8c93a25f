// Builds the published packages into their dist folders. usage: node scripts/build.ts
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { publishedPackages, root } from "./published.ts";

for (const name of publishedPackages) {
  const folder = join(root, "packages", name);
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true });
  if (name === "testing") await bundleTesting(folder, dist);
  else execFileSync("tsc", ["-p", join(folder, "tsconfig.build.json")], { stdio: "inherit" });
  if (name === "protocol") {
    cpSync(join(folder, "src/gen"), join(dist, "gen"), { recursive: true });
    rmSync(join(folder, "proto"), { recursive: true, force: true });
    cpSync(join(root, "proto"), join(folder, "proto"), { recursive: true, filter: (file) => !file.endsWith(".binpb") });
  }
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  process.stdout.write(`built @maru/${name}\n`);
}

/** The server is not published: what @maru/testing needs of it is bundled, what both depend on is not. */
async function bundleTesting(folder: string, dist: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { dependencies: object };
  mkdirSync(dist, { recursive: true });
  await build({
    entryPoints: [join(folder, "src/index.ts"), join(folder, "src/main.ts")],
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    external: Object.keys(manifest.dependencies).flatMap((dependency) => [dependency, `${dependency}/*`]),
  });
  execFileSync("tsc", ["-p", join(folder, "tsconfig.build.json")], { stdio: "inherit" });
  const main = join(dist, "main.js");
  if (!existsSync(main)) throw new Error(`${main} was not made`);
  const text = readFileSync(main, "utf8");
  if (!text.startsWith("#!")) writeFileSync(main, `#!/usr/bin/env node\n${text}`);
  chmodSync(main, 0o755);
}
