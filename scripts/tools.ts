// Fetches the pinned tools that `npm run interop` needs into .tools, or says what is missing. usage: node scripts/tools.ts
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./published.ts";
import { installNpmTool, isNpmToolInstalled } from "./tools/install-npm.ts";
import { installPython, isInstalled } from "./tools/install-python.ts";
import {
  cfnLint,
  connectconformance,
  examplePython,
  goExample,
  grpcurl,
  lambdaRuntime,
  node22,
  osls,
  referencePython,
  tools,
} from "./tools/pinned.ts";

mkdirSync(tools, { recursive: true });

function requireCommand(command: string, args: string[], sentence: string): void {
  if (spawnSync(command, args, { stdio: "ignore" }).status === 0) return;
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

requireCommand(
  "go",
  ["version"],
  "Go is missing: install Go 1.26 or newer (it builds grpcurl, connectconformance and the example in Go), and run this again.",
);
requireCommand(
  "python3",
  ["-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"],
  "Python is missing: install Python 3.11 or newer with its venv (for the example in Python, docs/reference and cfn-lint), and run this again.",
);
for (const command of ["cmake", "make", "c++", "xz"])
  requireCommand(
    command,
    ["--version"],
    `${command} is missing: install cmake, make, a C++ compiler and xz (they build AWS's runtime client of Lambda), and run this again.`,
  );

for (const tool of [grpcurl, connectconformance]) {
  if (existsSync(tool.path)) continue;
  process.stdout.write(`building ${tool.name} ${tool.version} …\n`);
  const work = join(tools, tool.name);
  mkdirSync(work, { recursive: true });
  // A module that names the exact version also works behind proxies that refuse `go install module@version`.
  writeFileSync(join(work, "go.mod"), `module tools\n\ngo 1.24\n\nrequire ${tool.module} ${tool.version}\n`);
  writeFileSync(join(work, "tools.go"), `//go:build tools\n\npackage tools\n\nimport _ "${tool.package}"\n`);
  const go = (...args: string[]) => execFileSync("go", args, { cwd: work, stdio: ["ignore", "inherit", "inherit"] });
  go("mod", "tidy");
  go("build", "-o", tool.path, tool.package);
}

if (!existsSync(node22.path)) {
  process.stdout.write(`fetching Node ${node22.version} …\n`);
  mkdirSync(node22.folder, { recursive: true });
  writeFileSync(join(node22.folder, "package.json"), JSON.stringify({ private: true }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent", `node@${node22.version}`], {
    cwd: node22.folder,
    stdio: "inherit",
  });
}

execFileSync("go", ["mod", "download"], { cwd: goExample, stdio: ["ignore", "inherit", "inherit"] });

for (const tool of [osls, lambdaRuntime]) {
  if (isNpmToolInstalled(tool)) continue;
  process.stdout.write(`installing ${relative(root, tool.lock)} …\n`);
  installNpmTool(tool);
}

for (const python of [examplePython, referencePython, cfnLint]) {
  if (isInstalled(python)) continue;
  process.stdout.write(`installing ${relative(root, python.requirements)} …\n`);
  installPython(python);
}
process.stdout.write(`tools are in ${tools.replace(root, ".")}\n`);
