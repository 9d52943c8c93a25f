import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { templateChecks } from "../packages/analytics/src/template/checks.ts";
import { readCatalog } from "../packages/analytics/src/template/read-catalog.ts";
import { tableInputOf } from "../packages/analytics/src/template/table-input.ts";
import { resourcesOf, type Template, TemplateError } from "../packages/analytics/src/template/template.ts";
import { controlTable, roomTable } from "../packages/server/src/store/table-definitions.ts";
import { bundleAnalytics } from "../scripts/build/bundle-analytics.ts";
import { root } from "../scripts/published.ts";
import { codeActionsOf } from "../scripts/template/code-actions.ts";
import { lintTemplate } from "../scripts/template/lint-template.ts";
import { type PackagedTemplate, packageTemplate } from "../scripts/template/package-template.ts";

let folder: string;
let packaged: PackagedTemplate;
let codeActions: Map<string, readonly string[]>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maru-template-"));
  await bundleAnalytics(join(root, "packages/analytics/dist"));
  packaged = packageTemplate({ into: join(folder, "new") });
  codeActions = await codeActionsOf(packaged.template);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the checks say of a template, each problem with its check's name. */
function problemsOf(template: Template, actions: ReadonlyMap<string, readonly string[]> = codeActions): string[] {
  return templateChecks.flatMap(({ name, run }) => run(template, actions).map((problem) => `${name}: ${problem}`));
}

// biome-ignore lint/suspicious/noExplicitAny: faults are planted anywhere.
type Json = any;

/** The packaged template with a fault in it. */
function planted(plant: (resources: Json) => void): Template {
  const template = structuredClone(packaged.template);
  plant(template.Resources);
  return template;
}

test("npm run template packages and finds nothing", { timeout: 120_000 }, () => {
  const { status, stdout } = spawnSync("npm", ["run", "--silent", "template"], { cwd: root, encoding: "utf8" });
  expect(stdout).toContain("ok    cfn-lint");
  for (const { name } of templateChecks) expect(stdout).toContain(`ok    ${name}`);
  expect(stdout).toMatch(/nothing found\n$/);
  expect(status).toBe(0);
});

test("the package holds each function's bundle, the files that it reads, and nothing else", () => {
  const statistics = readdirSync(join(root, "packages/analytics/sql/statistics")).length;
  for (const [name, path, files] of [
    ["flatten", "dist/flatten/index.mjs", 2],
    ["flatten", "personal-data.yaml", 2],
    ["planNight", "dist/plan-night/index.mjs", 1 + statistics],
    ["planNight", "sql/statistics/messages.sql", 1 + statistics],
  ] as const) {
    const zip = readFileSync(join(folder, "new", `${name}.zip`));
    // The end of a zip says how many files it has.
    expect(zip.readUInt16LE(zip.length - 12)).toBe(files);
    expect(zip.includes(path)).toBe(true);
  }
});

test("the tables are those that `maru-server setup` makes, with point-in-time recovery", () => {
  const tables = new Map(resourcesOf<Json>(packaged.template, "AWS::DynamoDB::Table"));
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  // CloudFormation has no StreamEnabled: a stream that is specified is on.
  const { StreamSpecification, ...rooms } = roomTable("maru");
  expect(StreamSpecification?.StreamEnabled).toBe(true);
  expect(tables.get("Rooms")).toEqual({
    ...rooms,
    StreamSpecification: { StreamViewType: StreamSpecification?.StreamViewType },
    PointInTimeRecoverySpecification,
  });
  expect(tables.get("Control")).toEqual({ ...controlTable("maru_control"), PointInTimeRecoverySpecification });
});

test("a table that is there is only read, and its checks find nothing either", () => {
  const streamArn = "arn:aws:dynamodb:ap-northeast-2:123456789012:table/maru/stream/2026-11-01T00:00:00.000";
  const { template, file } = packageTemplate({ into: join(folder, "there"), params: { table: "existing", streamArn } });
  expect(resourcesOf(template, "AWS::DynamoDB::Table")).toEqual([]);
  const [mapping] = resourcesOf<Json>(template, "AWS::Lambda::EventSourceMapping");
  expect(mapping?.[1].EventSourceArn).toBe(streamArn);
  expect(problemsOf(template)).toEqual([]);
  expect(lintTemplate(file)).toBeUndefined();
});

test("to read a table that is there, its stream must be named", () => {
  const pack = () => packageTemplate({ into: join(folder, "unnamed"), params: { table: "existing" } });
  expect(pack).toThrow(TemplateError);
  expect(pack).toThrow(/streamArn/);
});

test("the table that tests read from the source is the packaged one", () => {
  const names = { Lake: "lake" };
  expect(tableInputOf(readCatalog(), "events", names)).toEqual(tableInputOf(packaged.template, "events", names));
});

test("no secret is in the package: the key of hashes is a reference", () => {
  const flatten = packaged.template.Resources.FlattenLambdaFunction?.Properties as Json;
  expect(flatten.Environment.Variables.MARU_LAKE_HASH_KEY).toMatch(
    /^\{\{resolve:secretsmanager:[\w/-]+:SecretString\}\}$/,
  );
});

test("every alarm reaches the topic, and each says what it is about", () => {
  const alarms = resourcesOf<Json>(packaged.template, "AWS::CloudWatch::Alarm");
  const readme = readFileSync(join(root, "packages/analytics/README.md"), "utf8");
  for (const [name, alarm] of alarms) {
    expect(alarm.AlarmActions, name).toEqual([{ Ref: "Alarms" }]);
    expect(readme, `${name} in the README`).toContain(`| \`${name}\` |`);
  }
});

const faults: Readonly<Record<string, readonly [RegExp, (resources: Json) => void]>> = {
  "a prefix with expressions and no prefix for errors": [
    /needs an ErrorOutputPrefix/,
    (r) => delete r.Events.Properties.ExtendedS3DestinationConfiguration.ErrorOutputPrefix,
  ],
  "errors among the rows": [
    /would be rows of events/,
    (r) => {
      r.Events.Properties.ExtendedS3DestinationConfiguration.ErrorOutputPrefix =
        "events/!{firehose:error-output-type}/";
    },
  ],
  "an expression that Firehose does not know": [
    /does not know the expression !\{time:yyyy\}/,
    (r) => {
      r.Events.Properties.ExtendedS3DestinationConfiguration.Prefix = "events/year=!{time:yyyy}/";
    },
  ],
  "no storage.location.template": [
    /storage.location.template must be .*not there/,
    (r) => delete r.EventsTable.Properties.TableInput.Parameters["storage.location.template"],
  ],
  "a partition key that the place does not have": [
    /storage.location.template must be .*zone/,
    (r) => r.EventsTable.Properties.TableInput.PartitionKeys.push({ Name: "zone", Type: "string" }),
  ],
  "partitions that Firehose does not write": [
    /no delivery stream writes events\/year=…\/month=…\/day=…\/hour=…/,
    (r) => {
      r.Events.Properties.ExtendedS3DestinationConfiguration.Prefix = "events/year=!{timestamp:yyyy}/";
    },
  ],
  "no NumberOfBuckets": [
    /NumberOfBuckets must be -1/,
    (r) => delete r.EventsTable.Properties.TableInput.StorageDescriptor.NumberOfBuckets,
  ],
  "a column with the name of a partition key": [
    /twice: day/,
    (r) => r.EventsTable.Properties.TableInput.StorageDescriptor.Columns.push({ Name: "day", Type: "string" }),
  ],
  "a state that is followed by none": [
    /Plann/,
    (r) => {
      r.Nightly.Properties.Definition.States.LetTheLastArrive.Next = "Plann";
    },
  ],
  "a substitution that is not given": [
    /\$\{WorkGroup\} is not among the substitutions/,
    (r) => delete r.Nightly.Properties.DefinitionSubstitutions.WorkGroup,
  ],
  "a query that is the text of its path": [
    /QueryString is the text \$\.query/,
    (r) => {
      const { Parameters } = queryOf(r);
      delete Parameters["QueryString.$"];
      Parameters.QueryString = "$.query";
    },
  ],
  "a query that is bound to what nobody plans": [
    /nothing makes \$\.sql/,
    (r) => {
      queryOf(r).Parameters["QueryString.$"] = "$.sql";
    },
  ],
  "a statistic's field that the plan does not have": [
    /a planned statistic has no key/,
    (r) => {
      r.Nightly.Properties.Definition.States.EachStatistic.ItemSelector["resultKey.$"] = "$$.Map.Item.Value.key";
    },
  ],
  "a schedule that says what the plan does not read": [
    /Input must be \{"time"/,
    (r) => {
      r.Midnight.Properties.Target.Input = '{"day":"<aws.scheduler.scheduled-time>"}';
    },
  ],
  "a midnight of another time zone": [
    /counts days in UTC, PlanNightLambdaFunction in Asia\/Seoul/,
    (r) => {
      r.Midnight.Properties.ScheduleExpressionTimezone = "UTC";
    },
  ],
  "a workflow that starts before the day has arrived": [
    /waits 600 s/,
    (r) => {
      r.Events.Properties.ExtendedS3DestinationConfiguration.BufferingHints.IntervalInSeconds = 900;
    },
  ],
  "a grant that is missing": [
    /FlattenRole does not grant s3:PutObject on Lake\/failures\/\*/,
    (r) => dropStatement(r, "FlattenRole", "PutAside"),
  ],
  "a grant of what `.sync` needs that is missing": [
    /WorkflowRole does not grant glue:GetTable on glue catalog/,
    (r) => dropStatement(r, "WorkflowRole", "KnowTheTables"),
  ],
  "a grant that nothing calls": [
    /FirehoseRole grants s3:DeleteObject on Lake\/events\/\*, which nothing calls/,
    (r) => statementsOf(r, "FirehoseRole")[0].Action.push("s3:DeleteObject"),
  ],
  "a grant on everything": [
    /WorkflowRole grants sns:Publish on \*: name what it is/,
    (r) => {
      statementsOf(r, "WorkflowRole").find((one: Json) => one.Sid === "Alarm").Resource = "*";
    },
  ],
  "a role of two parts": [
    /WorkflowRole must be the role of one part; it is of Midnight, Nightly/,
    (r) => {
      r.Midnight.Properties.Target.RoleArn = { "Fn::GetAtt": ["WorkflowRole", "Arn"] };
    },
  ],
};

test.each(Object.entries(faults))("the checks find %s", (_, [words, plant]) => {
  expect(problemsOf(packaged.template)).toEqual([]);
  expect(problemsOf(planted(plant)).join("\n")).toMatch(words);
});

test("the checks find a call in the code that no role grants", () => {
  const more = new Map(codeActions).set("FlattenLambdaFunction", ["s3:DeleteObject", "s3:PutObject"]);
  const problems = problemsOf(packaged.template, more).join("\n");
  expect(problems).toContain("FlattenRole does not grant s3:DeleteObject on Lake/failures/*");
  expect(problems).toContain("FlattenRole grants firehose:PutRecordBatch on Events, which nothing calls");
});

test("cfn-lint finds what it is there for", () => {
  const file = join(folder, "planted.json");
  const template = planted((r) => {
    r.Events.Properties.ExtendedS3DestinationConfiguration.CompressionFormat = "RAR";
  });
  writeFileSync(file, JSON.stringify(template));
  expect(lintTemplate(file)).toMatch(/RAR/);
});

function queryOf(resources: Json): Json {
  return resources.Nightly.Properties.Definition.States.EachStatistic.ItemProcessor.States.Query;
}

function statementsOf(resources: Json, role: string): Json {
  return resources[role].Properties.Policies[0].PolicyDocument.Statement;
}

function dropStatement(resources: Json, role: string, sid: string): void {
  const statements = statementsOf(resources, role);
  statements.splice(
    statements.findIndex((one: Json) => one.Sid === sid),
    1,
  );
}
