import { problemOf } from "./command.ts";
import { breakingProblem, lintProblem, plantedBreakProblem } from "./contracts.ts";
import { generatedProblem } from "./generated.ts";
import { layersProblem, plantedImportProblem } from "./layers.ts";

export interface Check {
  readonly name: string;
  /** What is wrong; undefined when nothing is. */
  readonly run: () => Promise<string | undefined>;
}

export const checks: readonly Check[] = [
  { name: "generated files are what the contracts make", run: generatedProblem },
  { name: "buf lint and format", run: lintProblem },
  { name: "buf breaking against the last release", run: breakingProblem },
  { name: "a planted break of the contract is refused", run: plantedBreakProblem },
  {
    name: "format and lint",
    run: async () => problemOf("biome", ["ci", "--error-on-warnings", "--colors=off", "--max-diagnostics=20", "."]),
  },
  { name: "types", run: async () => problemOf("tsc", ["--noEmit", "-p", "tsconfig.json"]) },
  {
    name: "types of what runs in a browser",
    run: async () => problemOf("tsc", ["--noEmit", "-p", "examples/web-chat/page/tsconfig.json"]),
  },
  {
    name: "types of the browser client, without Node's",
    run: async () => problemOf("tsc", ["--noEmit", "-p", "packages/client/tsconfig.browser.json"]),
  },
  { name: "layers: who may import what", run: layersProblem },
  { name: "a planted import is refused", run: plantedImportProblem },
];
