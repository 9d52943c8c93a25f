import type { DeliveryProperties } from "./check-delivery.ts";
import type { ScheduleProperties } from "./check-schedule.ts";
import { renderReference } from "./render-reference.ts";
import { resourcesOf, type Template, TemplateError } from "./template.ts";
import type { StateMachineProperties } from "./workflow.ts";
import { callsOfWorkflow } from "./workflow-calls.ts";

/** A part of the template that calls AWS by a role. */
export interface PartCalls {
  readonly part: string;
  readonly role: string;
  /** `action on resource`, as grants are written. */
  readonly calls: ReadonlySet<string>;
}

interface FunctionProperties {
  readonly Role: unknown;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
}

interface MappingProperties {
  readonly EventSourceArn: unknown;
  readonly FunctionName: unknown;
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: unknown } };
}

/**
 * What each part calls, read from what it is told to do. `codeActions` says which actions the code of each function
 * calls, by the function's name in the template.
 */
export function callsOfParts(template: Template, codeActions: ReadonlyMap<string, readonly string[]>): PartCalls[] {
  const functions = resourcesOf<FunctionProperties>(template, "AWS::Lambda::Function").map(([part, properties]) => {
    const actions = codeActions.get(part);
    if (actions === undefined) throw new TemplateError(`it is not known what the code of ${part} calls`);
    const calls = new Set([
      ...actions.flatMap((action) => callsOfCode(template, properties, action)),
      ...callsOfMappings(template, part),
      ...callsOfLog(part),
    ]);
    return { part, role: renderReference(properties.Role), calls };
  });
  const streams = resourcesOf<DeliveryProperties>(template, "AWS::KinesisFirehose::DeliveryStream");
  const schedules = resourcesOf<ScheduleProperties>(template, "AWS::Scheduler::Schedule");
  const workflows = resourcesOf<StateMachineProperties>(template, "AWS::StepFunctions::StateMachine");
  return [
    ...functions,
    ...streams.map(([part, { ExtendedS3DestinationConfiguration: destination }]) => ({
      part,
      role: renderReference(destination.RoleARN),
      calls: callsOfDelivery(destination),
    })),
    ...schedules.map(([part, { Target }]) => ({
      part,
      role: renderReference(Target.RoleArn),
      calls: new Set([`states:StartExecution on ${renderReference(Target.Arn)}`]),
    })),
    ...workflows.map(([part, workflow]) => ({
      part,
      role: renderReference(workflow.RoleArn),
      calls: callsOfWorkflow(workflow),
    })),
  ];
}

/** The code says the action, the variables of the function say on what. */
function callsOfCode(template: Template, { Environment }: FunctionProperties, action: string): string[] {
  const variables = Object.entries(Environment?.Variables ?? {});
  if (action.startsWith("firehose:")) {
    const streams = resourcesOf(template, "AWS::KinesisFirehose::DeliveryStream").map(([name]) => name);
    const named = variables.map(([, value]) => renderReference(value)).filter((value) => streams.includes(value));
    return named.map((stream) => `${action} on ${stream}`);
  }
  if (action.startsWith("dynamodb:")) {
    const tables = variables.filter(([name]) => name.endsWith("_TABLE"));
    return tables.map(([, table]) => `${action} on dynamodb table/${renderReference(table)}`);
  }
  if (action.startsWith("s3:")) {
    const buckets = variables.filter(([name]) => name.endsWith("_BUCKET"));
    return buckets.map(([name, bucket]) => {
      const prefix = variables.find(([other]) => other === name.replace(/BUCKET$/, "PREFIX"))?.[1] ?? "";
      return `${action} on ${renderReference(bucket)}/${renderReference(prefix)}*`;
    });
  }
  throw new TemplateError(`${action}: say in part-calls.ts which resource it is called on`);
}

function callsOfMappings(template: Template, part: string): string[] {
  const mappings = resourcesOf<MappingProperties>(template, "AWS::Lambda::EventSourceMapping");
  return mappings.flatMap(([, mapping]) => {
    if (renderReference(mapping.FunctionName) !== part) return [];
    const stream = renderReference(mapping.EventSourceArn);
    const reading = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
    const queue = mapping.DestinationConfig?.OnFailure?.Destination;
    return [
      ...reading.map((action) => `dynamodb:${action} on ${stream}`),
      ...(queue === undefined ? [] : [`sqs:SendMessage on ${renderReference(queue)}`]),
    ];
  });
}

function callsOfLog(part: string): string[] {
  const group = part.replace(/LambdaFunction$/, "LogGroup");
  return ["CreateLogStream", "PutLogEvents"].map((action) => `logs:${action} on ${group}`);
}

function callsOfDelivery(destination: DeliveryProperties["ExtendedS3DestinationConfiguration"]): Set<string> {
  const bucket = renderReference(destination.BucketARN);
  const places = [destination.Prefix, destination.ErrorOutputPrefix].map((prefix = "") => prefix.split("!{")[0]);
  const log = destination.CloudWatchLoggingOptions?.LogGroupName;
  const folders = places.map((place = "") => `${bucket}/${place.slice(0, place.indexOf("/") + 1)}*`);
  return new Set([
    ...folders.flatMap((folder) => [`s3:PutObject on ${folder}`, `s3:AbortMultipartUpload on ${folder}`]),
    ...["GetBucketLocation", "ListBucket", "ListBucketMultipartUploads"].map((action) => `s3:${action} on ${bucket}`),
    ...(log === undefined ? [] : [`logs:PutLogEvents on ${renderReference(log)}`]),
  ]);
}
