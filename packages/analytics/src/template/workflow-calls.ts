import { renderReference } from "./render-reference.ts";
import { TemplateError } from "./template.ts";
import { type State, type StateMachineProperties, statesOf } from "./workflow.ts";

/** Where statistics read: changes of rooms, and exported tables. */
const readPlaces = ["events/", "tables/"];
/** Where results stay: `resultKey` of the plan. */
const storedPlace = "statistics/";

/** What the tasks of the workflow call, read from their resources and parameters. */
export function callsOfWorkflow(workflow: StateMachineProperties): Set<string> {
  const substitutions = workflow.DefinitionSubstitutions;
  const text = (value: unknown) =>
    String(value).replace(/\$\{(\w+)\}/g, (_, name: string) => renderReference(substitutions[name]));
  const tasks = statesOf(workflow.Definition).filter(({ state }) => state.Type === "Task");
  return new Set(tasks.flatMap(({ name, state }) => callsOfTask(name, state, text)));
}

function callsOfTask(name: string, state: State, text: (value: unknown) => string): string[] {
  const parameters = state.Parameters ?? {};
  switch (state.Resource) {
    case "arn:aws:states:::lambda:invoke":
      return [`lambda:InvokeFunction on ${text(parameters.FunctionName)}`];
    case "arn:aws:states:::sns:publish":
      return [`sns:Publish on ${text(parameters.TopicArn)}`];
    case "arn:aws:states:::aws-sdk:s3:copyObject": {
      const source = /'([^']*)\{\}/.exec(text(parameters["CopySource.$"]))?.[1] ?? "";
      return [`s3:GetObject on ${source}*`, `s3:PutObject on ${text(parameters.Bucket)}/${storedPlace}*`];
    }
    case "arn:aws:states:::athena:startQueryExecution.sync":
      return callsOfQuery(parameters as unknown as QueryParameters, text);
    default:
      throw new TemplateError(`${name}: say in workflow-calls.ts what ${state.Resource} calls`);
  }
}

interface QueryParameters {
  readonly WorkGroup: string;
  readonly QueryExecutionContext: { readonly Database: string };
  readonly ResultConfiguration: { readonly OutputLocation: string };
}

/** `.sync` waits and, when the run is stopped, stops the query; Athena reads catalog and bucket in the caller's name. */
function callsOfQuery(query: QueryParameters, text: (value: unknown) => string): string[] {
  const group = `athena workgroup/${text(query.WorkGroup)}`;
  const database = text(query.QueryExecutionContext.Database);
  const results = text(query.ResultConfiguration.OutputLocation).replace("s3://", "");
  const bucket = results.slice(0, results.indexOf("/"));
  const on = (service: string, actions: readonly string[], resources: readonly string[]) =>
    actions.flatMap((action) => resources.map((resource) => `${service}:${action} on ${resource}`));
  return [
    ...on("athena", ["StartQueryExecution", "GetQueryExecution", "StopQueryExecution"], [group]),
    ...on("athena", ["GetDataCatalog"], ["athena datacatalog/AwsDataCatalog"]),
    ...on(
      "glue",
      ["GetDatabase", "GetTable", "GetPartitions"],
      ["glue catalog", `glue database/${database}`, `glue table/${database}/*`],
    ),
    ...on("s3", ["GetBucketLocation", "ListBucket", "ListBucketMultipartUploads"], [bucket]),
    ...on(
      "s3",
      ["GetObject"],
      readPlaces.map((place) => `${bucket}/${place}*`),
    ),
    ...on("s3", ["GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"], [`${results}*`]),
  ];
}
