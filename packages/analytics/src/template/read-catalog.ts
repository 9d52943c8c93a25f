import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Template } from "./template.ts";

const folder = join(import.meta.dirname, "../..");

/**
 * The catalog's part of the template, read from its source: where there is no packaged template. A test compares its
 * tables with those of the package.
 */
export function readCatalog(): Template {
  const text = readFileSync(join(folder, "deploy/catalog.yml"), "utf8").replace(
    /\$\{file\(([^)]+)\)\}/g,
    // JSON is YAML too.
    (_, file: string) => JSON.stringify(JSON.parse(readFileSync(join(folder, file), "utf8"))),
  );
  return parse(text) as Template;
}
