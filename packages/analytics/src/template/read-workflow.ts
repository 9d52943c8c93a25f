import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TemplateError } from "./template.ts";
import type { Workflow } from "./workflow.ts";

/** Where the definition of the nightly workflow is. */
export const nightlyFile = join(import.meta.dirname, "../../workflow/nightly.asl.json");

/**
 * The nightly workflow with its substitutions, as the service itself would run it.
 *
 *     readWorkflow({ PlanNight: "plan-night", Lake: "my-bucket", Database: "maru_dev", WorkGroup: "maru", Alarms: "alarms" })
 */
export function readWorkflow(substitutions: Readonly<Record<string, string>>): Workflow {
  const text = readFileSync(nightlyFile, "utf8").replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const given = substitutions[name];
    if (given === undefined) throw new TemplateError(`the workflow names \${${name}}: give a substitution for it`);
    return JSON.stringify(given).slice(1, -1);
  });
  return JSON.parse(text) as Workflow;
}
