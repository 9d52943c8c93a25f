import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Proto files by their paths. */
export type Sources = Readonly<Record<string, string>>;

/** The FileDescriptorSet of these files, with all imports, as `buf build -o` writes it. */
export function compile(sources: Sources, ...options: readonly string[]): Uint8Array<ArrayBuffer> {
  return withFolder({ sources }, ({ sources: folder }) => {
    const { stdout } = buf("build", folder, "--as-file-descriptor-set", "-o", "-#format=binpb", ...options);
    return new Uint8Array(stdout);
  });
}

/** What buf finds in the files of `after`, with its rules of the category WIRE_JSON. */
export function bufBreaking(before: Sources, after: Sources): { readonly path: string; readonly type: string }[] {
  return withFolder({ before, after }, (folders) => {
    const config = JSON.stringify({ version: "v2", breaking: { use: ["WIRE_JSON"] } });
    const options = ["--config", config, "--error-format", "json"];
    const { stdout } = buf("breaking", folders.after, "--against", folders.before, ...options);
    return stdout
      .toString()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  });
}

function buf(...args: readonly string[]) {
  const result = spawnSync("buf", args, { maxBuffer: 1 << 26 });
  // 100: files with findings.
  if (result.status === 0 || (result.status === 100 && args[0] === "breaking")) return result;
  throw new Error(`buf ${args[0]}: ${result.error?.message ?? result.stderr.toString() + result.stdout.toString()}`);
}

function withFolder<Name extends string, Result>(
  trees: Readonly<Record<Name, Sources>>,
  use: (folders: Readonly<Record<Name, string>>) => Result,
): Result {
  const root = mkdtempSync(join(tmpdir(), "maru-cards-"));
  try {
    const folders = Object.entries<Sources>(trees).map(([name, sources]) => {
      for (const [path, text] of Object.entries(sources)) {
        mkdirSync(dirname(join(root, name, path)), { recursive: true });
        writeFileSync(join(root, name, path), text);
      }
      return [name, join(root, name)];
    });
    return use(Object.fromEntries(folders));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
