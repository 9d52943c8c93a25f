import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";

/** The server is not published: what @maru/testing needs of it is bundled, what both depend on is not. */
export async function bundleTesting(folder: string, dist: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { dependencies: object };
  const dependencies = Object.keys(manifest.dependencies);
  const { metafile } = await build({
    entryPoints: [join(folder, "src/index.ts"), join(folder, "src/main.ts")],
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    external: dependencies.flatMap((dependency) => [dependency, `${dependency}/*`]),
    metafile: true,
  });
  refuseWrongDependencies(metafile, dependencies);
  chmodSync(join(dist, "main.js"), 0o755);
  execFileSync("tsc", ["-p", join(folder, "tsconfig.build.json")], { stdio: "inherit" });
  keepPublicDeclarations(dist);
}

/** Bundled is code of this repository alone; a dependency is what the bundle imports, no more. */
function refuseWrongDependencies({ outputs }: Metafile, dependencies: readonly string[]): void {
  const bundled = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const foreign = bundled.filter((file) => file.includes("node_modules/"));
  if (foreign.length > 0)
    throw new Error(`not in the dependencies of @maru/testing, so bundled: ${foreign.join(", ")}`);
  const imported = Object.values(outputs).flatMap(({ imports }) =>
    imports.flatMap(({ path, external }) => (external === true && !isBuiltin(path) ? [path] : [])),
  );
  const unused = dependencies.filter((name) => !imported.some((path) => path === name || path.startsWith(`${name}/`)));
  if (unused.length > 0) throw new Error(`dependencies of @maru/testing that it does not import: ${unused.join(", ")}`);
}

/** Declarations that no entry point reaches are of the inside, and may name packages that are not published. */
function keepPublicDeclarations(dist: string): void {
  const reached = new Set(["index.d.ts"]);
  for (const file of reached) {
    const text = readFileSync(join(dist, file), "utf8");
    if (text.includes("@maru/server")) throw new Error(`${file} of @maru/testing shows types of @maru/server`);
    for (const [, name = ""] of text.matchAll(/"\.\/([\w-]+)\.ts"/g)) reached.add(`${name}.d.ts`);
  }
  for (const file of readdirSync(dist)) {
    if (file.endsWith(".d.ts") && !reached.has(file)) rmSync(join(dist, file));
  }
}
