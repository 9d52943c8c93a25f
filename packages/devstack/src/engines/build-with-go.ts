import { join } from "node:path";
import type { GoSource } from "./catalog.ts";
import { GO_MISSING, requireGo, requireTool } from "./tools.ts";

/** Builds the program into `folder/bin/`, from exactly the modules that the source's go.mod and go.sum name. */
export async function buildWithGo(env: NodeJS.ProcessEnv, source: GoSource, folder: string): Promise<void> {
  await requireGo(env);
  await requireTool("go", ["build", "-mod=readonly", "-o", join(folder, "bin", source.name), source.goPackage], {
    // Without C: the machine may have no compiler for it.
    env: { ...env, CGO_ENABLED: "0" },
    cwd: source.folder,
    missing: GO_MISSING,
    purpose: `Building ${source.title} ${source.version} with Go`,
  });
}
