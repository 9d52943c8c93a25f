import validate from "asl-validator";
import { onlyResource, type Template } from "./template.ts";
import { type StateMachineProperties, statesOf } from "./workflow.ts";

/** The workflow's form, its substitutions, and that each of its tasks ends. */
export function checkWorkflow(template: Template): string[] {
  const { Definition, DefinitionSubstitutions } = onlyResource<StateMachineProperties>(
    template,
    "AWS::StepFunctions::StateMachine",
  );
  // It writes into what it is given.
  const validation = validate(structuredClone(Definition), { checkPaths: true, checkArn: true });
  const problems = validation.isValid ? [] : [validation.errorsText("\n")];

  const used = new Set([...JSON.stringify(Definition).matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name));
  const given = new Set(Object.keys(DefinitionSubstitutions ?? {}));
  for (const name of used) if (!given.has(name)) problems.push(`\${${name}} is not among the substitutions`);
  for (const name of given) if (!used.has(name)) problems.push(`the substitution ${name} is not used`);

  for (const { name, state } of statesOf(Definition))
    if (state.Type === "Task" && state.TimeoutSeconds === undefined)
      problems.push(`${name}: without TimeoutSeconds it may never end`);
  return problems;
}
