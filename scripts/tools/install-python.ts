import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PythonTools } from "./pinned.ts";

/** Whether its packages are those of its requirements. */
export function isInstalled({ folder, requirements }: PythonTools): boolean {
  const installed = installedFile(folder);
  return existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(requirements, "utf8");
}

/** Makes a Python environment with the packages of its requirements. */
export function installPython(python: PythonTools): void {
  const { folder, requirements, bin } = python;
  rmSync(folder, { recursive: true, force: true });
  execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
  const options = ["--quiet", "--disable-pip-version-check", "--requirement", requirements];
  execFileSync(join(bin, "python"), ["-m", "pip", "install", ...options], { stdio: "inherit" });
  // Written last: an installation that broke off does not count.
  writeFileSync(installedFile(folder), readFileSync(requirements));
}

function installedFile(folder: string): string {
  return join(folder, "installed.txt");
}
