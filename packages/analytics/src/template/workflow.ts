/** A state machine in Amazon's States Language, as far as it is read here. */
export interface Workflow {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** One state of a workflow. */
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly ItemSelector?: Readonly<Record<string, unknown>>;
  readonly ItemProcessor?: Workflow;
  readonly ItemsPath?: string;
  readonly InputPath?: string;
  readonly ResultPath?: string | null;
  readonly Choices?: readonly { readonly Variable?: string }[];
  readonly Catch?: readonly { readonly ResultPath?: string }[];
  readonly Seconds?: number;
  readonly TimeoutSeconds?: number;
}

/** What is in the state machine of the template. */
export interface StateMachineProperties {
  readonly RoleArn: unknown;
  readonly Definition: Workflow;
  readonly DefinitionSubstitutions: Readonly<Record<string, unknown>>;
}

/** All states of a workflow, those in its maps too, each with the map that it is in. */
export function statesOf(workflow: Workflow, map?: State): { name: string; state: State; map?: State }[] {
  return Object.entries(workflow.States).flatMap(([name, state]) => [
    map === undefined ? { name, state } : { name, state, map },
    ...(state.ItemProcessor === undefined ? [] : statesOf(state.ItemProcessor, state)),
  ]);
}
