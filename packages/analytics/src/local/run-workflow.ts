import { StateMachine } from "aws-local-stepfunctions";

/** What the workflow's steps do here, by the resource that they name. */
export type TaskHandlers = Readonly<Record<string, (input: never) => Promise<unknown>>>;

export interface WorkflowRun {
  /** The ASL file's text. */
  readonly definition: string;
  /** What the template puts in the place of `${Name}`. */
  readonly substitutions: Readonly<Record<string, string>>;
  readonly handlers: TaskHandlers;
  readonly input: object;
  /** How long a step waits, or waits before it is tried again, whatever the file says. */
  readonly pauseMs: number;
}

/** The file cannot be run here; the message says why. */
export class WorkflowFileError extends Error {
  override readonly name = "WorkflowFileError";
}

interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Retry?: unknown;
  readonly ItemProcessor?: { readonly States: States };
  readonly Branches?: readonly { readonly States: States }[];
}
type States = Readonly<Record<string, State>>;

/** Runs the workflow's own file, step by step, with local functions in the place of AWS's services. Rejects when it fails. */
export async function runWorkflow(run: WorkflowRun): Promise<unknown> {
  const definition = JSON.parse(substituted(run.definition, run.substitutions)) as { States: States };
  const states = [...allStates(definition.States)];
  const tasks = states.filter(([, { Type }]) => Type === "Task");
  const taskResourceLocalHandlers = Object.fromEntries(
    tasks.map(([name, { Resource = "" }]) => {
      const handler = run.handlers[Resource];
      if (handler === undefined)
        throw new WorkflowFileError(`${name} calls ${Resource}, for which nothing stands here`);
      return [name, handler];
    }),
  );
  const pauses = (which: (state: State) => boolean) =>
    Object.fromEntries(states.filter(([, state]) => which(state)).map(([name]) => [name, run.pauseMs]));
  const machine = new StateMachine(definition as never, { validationOptions: { checkArn: false } });
  const overrides = {
    taskResourceLocalHandlers,
    retryIntervalOverrides: pauses(({ Retry }) => Retry !== undefined),
    waitTimeOverrides: pauses(({ Type }) => Type === "Wait"),
  };
  return machine.run(run.input as never, { overrides: overrides as never }).result;
}

function* allStates(states: States): Generator<[string, State]> {
  for (const [name, state] of Object.entries(states)) {
    yield [name, state];
    if (state.ItemProcessor !== undefined) yield* allStates(state.ItemProcessor.States);
    for (const branch of state.Branches ?? []) yield* allStates(branch.States);
  }
}

function substituted(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new WorkflowFileError(`\${${name}} is given no value`);
    return JSON.stringify(value).slice(1, -1);
  });
}
