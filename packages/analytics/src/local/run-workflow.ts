import { StateMachine } from "aws-local-stepfunctions";
import type { Workflow } from "../template/workflow.ts";

/** What the workflow's steps do here, by the resource that they name. */
export type TaskHandlers = Readonly<Record<string, (input: never) => Promise<unknown>>>;

export interface WorkflowRun {
  readonly workflow: Workflow;
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
  const states = [...allStates(run.workflow.States as States)];
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
  const machine = new StateMachine(run.workflow as never, { validationOptions: { checkArn: false } });
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
