import type { DeliveryProperties } from "./check-delivery.ts";
import { onlyResource, resourcesOf, type Template } from "./template.ts";
import { type StateMachineProperties, statesOf } from "./workflow.ts";

/** The schedule of the workflow. */
export interface ScheduleProperties {
  readonly ScheduleExpressionTimezone?: string;
  readonly Target: { readonly Arn: unknown; readonly RoleArn: unknown; readonly Input?: string };
}

interface FunctionEnvironment {
  readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
}

/** The schedule, the plan and the delivery must agree on what a day is and when it is over. */
export function checkSchedule(template: Template): string[] {
  const schedule = onlyResource<ScheduleProperties>(template, "AWS::Scheduler::Schedule");
  const { Definition } = onlyResource<StateMachineProperties>(template, "AWS::StepFunctions::StateMachine");
  const problems: string[] = [];

  const input = parseInput(schedule.Target.Input);
  if (Object.keys(input).join() !== "time" || input.time !== "<aws.scheduler.scheduled-time>")
    problems.push('its Input must be {"time":"<aws.scheduler.scheduled-time>"}: what the plan reads');

  const zone = schedule.ScheduleExpressionTimezone;
  for (const [name, { Environment }] of resourcesOf<FunctionEnvironment>(template, "AWS::Lambda::Function")) {
    const planned = Environment?.Variables?.MARU_LAKE_TIME_ZONE;
    if (planned !== undefined && planned !== zone)
      problems.push(`it counts days in ${zone ?? "UTC"}, ${name} in ${String(planned)}`);
  }

  const waited = statesOf(Definition).reduce((seconds, { state }) => seconds + (state.Seconds ?? 0), 0);
  if (waited <= onItsWaySeconds(template))
    problems.push(`the workflow waits ${waited} s: what arrives late takes ${onItsWaySeconds(template)} s`);
  return problems.map((problem) => `the schedule: ${problem}`);
}

function parseInput(text = "{}"): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

/** How long a change may be on its way into the lake when all is well: window, function, buffer. */
function onItsWaySeconds(template: Template): number {
  const mapping = onlyResource<{ MaximumBatchingWindowInSeconds?: number; FunctionName: unknown }>(
    template,
    "AWS::Lambda::EventSourceMapping",
  );
  const delivery = onlyResource<DeliveryProperties>(template, "AWS::KinesisFirehose::DeliveryStream");
  const timeouts = resourcesOf<{ Timeout?: number }>(template, "AWS::Lambda::Function").map(
    ([, one]) => one.Timeout ?? 3,
  );
  const buffer = delivery.ExtendedS3DestinationConfiguration.BufferingHints?.IntervalInSeconds ?? 300;
  return (mapping.MaximumBatchingWindowInSeconds ?? 0) + Math.max(...timeouts) + buffer;
}
