import { onlyResource, type Template } from "./template.ts";
import { type State, type StateMachineProperties, statesOf } from "./workflow.ts";

/** What the schedule says, what a person says who does days again, and what plan-night answers. */
const inputFields = ["time", "day", "lateDays"];
const planFields = ["day", "statistics"];
const statisticFields = ["name", "query", "resultKey"];

/** Every value that a state takes from its input must be one that is there; validators read the form of paths only. */
export function checkBindings(template: Template): string[] {
  const { Definition } = onlyResource<StateMachineProperties>(template, "AWS::StepFunctions::StateMachine");
  const states = statesOf(Definition);
  return states.flatMap(({ name, state, map }) => {
    const beside = states.filter((other) => other.map === map).map((other) => other.state);
    const base = map === undefined ? [...inputFields, ...planFields] : fieldNames(map.ItemSelector);
    const known = new Set([...base, ...beside.flatMap(fieldsMadeBy)]);
    const problems = templatesOf(state).flatMap(literalProblems);
    for (const path of pathsOf(state)) {
      const [, item, field = ""] = /^(\$\$\.Map\.Item\.Value|\$)\.(\w+)/.exec(path) ?? [];
      if (item === "$" && !known.has(field)) problems.push(`nothing makes ${path}`);
      if (item === "$$.Map.Item.Value" && !statisticFields.includes(field))
        problems.push(`a planned statistic has no ${field}`);
    }
    return problems.map((problem) => `${name}: ${problem}`);
  });
}

function templatesOf(state: State): unknown[] {
  return [state.Parameters, state.ItemSelector].filter((template) => template !== undefined);
}

function pathsOf(state: State): string[] {
  const expressions = [
    ...templatesOf(state).flatMap(expressionsIn),
    ...(state.Choices ?? []).map((choice) => choice.Variable ?? ""),
    state.ItemsPath ?? "",
    state.InputPath ?? "",
  ];
  return expressions.flatMap((text) => [...text.matchAll(/\$\$?\.[\w.]+/g)].map(([path]) => path));
}

/** The fields that a state adds to its input or puts in its place. */
function fieldsMadeBy(state: State): string[] {
  const places = [state.ResultPath, ...(state.Catch ?? []).map((one) => one.ResultPath)];
  const added = places.flatMap((place) => /^\$\.(\w+)/.exec(place ?? "")?.[1] ?? []);
  return state.Type === "Pass" ? [...added, ...fieldNames(state.Parameters)] : added;
}

function fieldNames(template: Readonly<Record<string, unknown>> = {}): string[] {
  return Object.keys(template).map((key) => key.replace(/\.\$$/, ""));
}

function expressionsIn(template: unknown): string[] {
  return leavesOf(template).flatMap(([key, value]) => (key.endsWith(".$") ? [value] : []));
}

function literalProblems(template: unknown): string[] {
  return leavesOf(template).flatMap(([key, value]) => {
    const isExpression = /^(\$|States\.\w+\()/.test(value) && !value.startsWith("${");
    if (isExpression && !key.endsWith(".$")) return [`${key} is the text ${value}: its name must end in .$`];
    return !isExpression && key.endsWith(".$") ? [`${key} is no path: ${value}`] : [];
  });
}

/** The texts in a template with their keys. */
function leavesOf(template: unknown): (readonly [string, string])[] {
  if (typeof template !== "object" || template === null) return [];
  return Object.entries(template).flatMap(([key, value]) =>
    typeof value === "string" ? [[key, value] as const] : leavesOf(value),
  );
}
