import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { root } from "../published.ts";

const entries = join(root, "packages/analytics/src/functions");

/** Bundles each function of the lake into `NAME/index.mjs`, with all that it needs; returns the files. */
export async function bundleAnalytics(out: string): Promise<string[]> {
  const files = readdirSync(entries).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  return Promise.all(
    files.map(async (file) => {
      const outfile = join(out, basename(file, ".ts"), "index.mjs");
      await build({
        entryPoints: [join(entries, file)],
        outfile,
        bundle: true,
        format: "esm",
        platform: "node",
        target: "node22",
        loader: { ".sql": "text" },
        sourcemap: "linked",
        // Dependencies that are CommonJS ask for Node's own modules by `require`, which a module does not have.
        banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
        logLevel: "warning",
      });
      return outfile;
    }),
  );
}
