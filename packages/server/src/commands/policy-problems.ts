import { readDescriptorSet } from "@maru/protocol/descriptors";
import { knownMethods } from "../policy/known-methods.ts";
import { parsePolicy } from "../policy/parse-policy.ts";

/** All that is wrong with the text of a policy file, by line. */
export function policyProblems(text: string): readonly string[] {
  const parsed = parsePolicy(text, knownMethods(readDescriptorSet()));
  return "problems" in parsed ? parsed.problems : [];
}
