import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { NpmTool } from "./pinned.ts";

/** Whether its packages are those of its lock file. */
export function isNpmToolInstalled({ folder, lock }: NpmTool): boolean {
  const installed = installedFile(folder);
  return existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(lockFile(lock), "utf8");
}

/** Installs exactly the packages of its lock file. */
export function installNpmTool({ folder, lock, runsScripts = false }: NpmTool): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) copyFileSync(join(lock, file), join(folder, file));
  const scripts = runsScripts ? [] : ["--ignore-scripts"];
  execFileSync("npm", ["ci", ...scripts, "--no-audit", "--no-fund", "--silent"], { cwd: folder, stdio: "inherit" });
  // Written last: an installation that broke off does not count.
  copyFileSync(lockFile(lock), installedFile(folder));
}

function lockFile(lock: string): string {
  return join(lock, "package-lock.json");
}

function installedFile(folder: string): string {
  return join(folder, "installed.json");
}
