import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { publishedPackages, root } from "../scripts/published.ts";

const run = promisify(execFile);
type PackageName = (typeof publishedPackages)[number];

let packed: Promise<Map<PackageName, string>> | undefined;

/** Builds and packs the published packages once for a test file: path of the tarball by package. */
export function packAll(): Promise<Map<PackageName, string>> {
  packed ??= pack();
  return packed;
}

async function pack(): Promise<Map<PackageName, string>> {
  await run("node", ["scripts/build.ts"], { cwd: root });
  const folder = mkdtempSync(join(tmpdir(), "maru-packed-"));
  for (const name of publishedPackages) {
    await run("npx", ["--yes", "pnpm@12.21.0", "pack", "--pack-destination", folder], {
      cwd: join(root, "packages", name),
    });
  }
  const files = readdirSync(folder);
  return new Map(
    publishedPackages.map((name) => {
      const file = files.find((one) => one.startsWith(`maru-${name}-`));
      if (file === undefined) throw new Error(`@maru/${name} was not packed`);
      return [name, join(folder, file)];
    }),
  );
}

/** Installs tarballs, and other packages by name, with plain npm into an empty folder. */
export async function installPacked(folder: string, names: readonly PackageName[], others: readonly string[] = []) {
  const tarballs = await packAll();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const files = names.map((name) => tarballs.get(name) ?? name);
  await run("npm", ["install", "--no-audit", "--no-fund", "--omit=peer", ...files, ...others], { cwd: folder });
}
