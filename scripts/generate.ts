// Regenerates everything that is generated: TypeScript and the descriptor set from the contracts, and the reference
// pages from comments and tables. `npm run check` does it into another folder and compares.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const contractFolder = "packages/protocol/src/gen";
/** The service of the Connect protocol's own conformance runner. */
const conformanceFolder = "packages/server/test/connect-conformance";
/** The contracts of teams that send cards, for tests and examples. */
const teamFolders = ["packages/client/test/acme", "examples/payments", "examples/web-chat"];

/** Everything in these folders is generated. */
export const generatedFolders = [
  contractFolder,
  `${conformanceFolder}/gen`,
  ...teamFolders.map((team) => `${team}/gen`),
];

/** Writes the generated folders into `target`. */
export function generate(target: string): void {
  const buf = (...args: string[]) => execFileSync("buf", args, { cwd: root, stdio: "inherit" });
  const work = mkdtempSync(join(tmpdir(), "maru-generate-"));
  try {
    buf("generate", "--output", work);
    buf("generate", "--template", `${conformanceFolder}/buf.gen.yaml`, "--output", work);
    for (const team of teamFolders) generateTeam(team, join(work, team, "gen"));
    buf("build", "-o", join(work, contractFolder, "descriptors.binpb"), "--as-file-descriptor-set");
    for (const folder of generatedFolders) {
      rmSync(join(target, folder), { recursive: true, force: true });
      cpSync(join(work, folder), join(target, folder), { recursive: true });
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** As the team does it: with a module and a template of its own. */
function generateTeam(team: string, folder: string): void {
  const plugin = { local: join(root, "node_modules/.bin/protoc-gen-es"), out: folder, opt: ["target=js+dts"] };
  const template = JSON.stringify({ version: "v2", clean: true, plugins: [plugin] });
  const args = ["generate", join(team, "proto"), "--template", template];
  execFileSync("buf", args, { cwd: root, stdio: "inherit" });
}

/** Reference pages by path. */
export async function generatedPages(): Promise<Map<string, string>> {
  // What they are made of imports the contracts, which may just have been generated.
  const { errorsPage } = await import("./pages/errors-page.ts");
  const { configReference } = await import("../packages/server/src/config.ts");
  return new Map([
    ["docs/errors.md", await errorsPage()],
    ["docs/config.md", configReference()],
  ]);
}

if (process.argv[1] === import.meta.filename) {
  execFileSync("buf", ["format", "-w", "--path", "proto/maru"], { cwd: root, stdio: "inherit" });
  generate(root);
  for (const [page, text] of await generatedPages()) writeFileSync(join(root, page), text);
}
