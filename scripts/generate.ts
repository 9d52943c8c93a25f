// Regenerates everything that is generated from the contracts. `scripts/check.ts` runs it and compares.
import { execFileSync } from "node:child_process";

const buf = (...args: string[]) => execFileSync("buf", args, { stdio: "inherit" });
buf("format", "-w", "--path", "proto/maru");
buf("generate");
buf("build", "-o", "packages/protocol/src/gen/descriptors.binpb", "--as-file-descriptor-set");
