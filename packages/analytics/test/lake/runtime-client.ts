import { existsSync } from "node:fs";
import { lambdaRuntime } from "../../../../scripts/tools/pinned.ts";

/** AWS's own runtime client, on the Node that runs the tests. */
export function runtimeClient(): [string, string] {
  if (!existsSync(lambdaRuntime.path)) throw new Error("aws-lambda-ric is missing: run `npm run tools`");
  return [process.execPath, lambdaRuntime.path];
}
