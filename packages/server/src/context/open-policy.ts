import { readDescriptorSet } from "@maru/protocol/descriptors";
import { ConfigError } from "../config.ts";
import { knownMethods } from "../policy/known-methods.ts";
import { PolicyError, PolicyFile } from "../policy/policy-file.ts";
import type { ServerParts } from "./server-parts.ts";

/** Only for where the file system does not tell of changes. */
const policyPollMs = 5_000;

export async function openPolicy({ log, telemetry }: ServerParts, path: string): Promise<PolicyFile> {
  const methods = knownMethods(readDescriptorSet());
  try {
    return await PolicyFile.open({ path, methods, log, telemetry, pollMs: policyPollMs });
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new ConfigError(error.problems.map((problem) => `MARU_POLICY_FILE ${path}: ${problem}`));
  }
}
