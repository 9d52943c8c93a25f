// Makes docs/reference from the contracts' comments and rules. `npm run interop` does it into another folder and compares.
// usage: node scripts/reference.ts   (needs what `npm run tools` fetches)
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { root } from "./published.ts";
import { annotate } from "./reference/annotate.ts";
import { isInstalled } from "./tools/install-python.ts";
import { referencePython } from "./tools/pinned.ts";

export const referenceFolder = join(root, "docs/reference");

/** Writes the pages into `folder`, which is emptied before. */
export function writeReference(folder: string): void {
  if (!isInstalled(referencePython)) throw new Error('the generator of docs/reference is missing: run "npm run tools"');
  const work = mkdtempSync(join(tmpdir(), "maru-reference-"));
  try {
    const set = fromBinary(
      FileDescriptorSetSchema,
      readFileSync(join(root, "packages/protocol/src/gen/descriptors.binpb")),
    );
    annotate(set);
    writeFileSync(join(work, "descriptor.pb"), toBinary(FileDescriptorSetSchema, set));
    cpSync(join(root, "scripts/reference/templates"), join(work, "templates"), { recursive: true });
    writeFileSync(join(work, "sabledocs.toml"), settings);
    execFileSync(join(referencePython.bin, "sabledocs"), { cwd: work, stdio: ["ignore", "pipe", "inherit"] });
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const pages = join(work, "sabledocs_output");
    for (const page of readdirSync(pages).filter((name) => name.endsWith(".md"))) {
      writeFileSync(join(folder, page), tidy(readFileSync(join(pages, page), "utf8")));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const settings = `
extra-template-path = "templates"
extra-template-suffix = ".md"
enable-lunr-search = false
member-ordering = "preserve"
`;

/** Templates leave blank lines behind. */
function tidy(page: string): string {
  return `${page.trim().replace(/\n{3,}/g, "\n\n")}\n`;
}

if (process.argv[1] === import.meta.filename) writeReference(referenceFolder);
