import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problemOf, root } from "./command.ts";

const baseline = "proto/baseline.binpb";

export async function lintProblem(): Promise<string | undefined> {
  return problemOf("buf", ["lint"]) ?? problemOf("buf", ["format", "--diff", "--exit-code", "--path", "proto/maru"]);
}

export async function breakingProblem(): Promise<string | undefined> {
  return problemOf("buf", ["breaking", "--against", baseline]);
}

/** Breaks of the contract that must be refused: each is planted into a copy. */
const plantedBreaks: readonly { readonly file: string; readonly from: string; readonly to: string }[] = [
  { file: "proto/maru/chat/v1/entry.proto", from: "uint32 seq = 2;", to: "uint32 seq = 99;" },
  { file: "proto/maru/chat/v1/actor.proto", from: "string name = 1 ", to: "bytes name = 1 " },
  { file: "proto/maru/chat/v1/error_reason.proto", from: "  ERROR_REASON_MALFORMED_REQUEST = 2;\n", to: "" },
  { file: "proto/maru/events/v1/room_event.proto", from: "bool healed = 4;", to: "bool mended = 4;" },
];

export async function plantedBreakProblem(): Promise<string | undefined> {
  for (const { file, from, to } of plantedBreaks) {
    const folder = mkdtempSync(join(tmpdir(), "maru-break-"));
    try {
      cpSync(join(root, "proto"), join(folder, "proto"), { recursive: true });
      cpSync(join(root, "buf.yaml"), join(folder, "buf.yaml"));
      const text = readFileSync(join(folder, file), "utf8");
      if (!text.includes(from)) return `${file} no longer holds "${from}": plant another break`;
      writeFileSync(join(folder, file), text.replace(from, to));
      const refusal = problemOf("buf", ["breaking", "--against", baseline], folder);
      if (refusal === undefined) return `buf breaking accepted this change of ${file}: "${from}" to "${to}"`;
      if (!refusal.includes(file)) return `buf breaking failed for another reason:\n${refusal}`;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return undefined;
}
