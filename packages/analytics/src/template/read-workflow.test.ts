import { StateMachine } from "aws-local-stepfunctions";
import { expect, test } from "vitest";
import { readWorkflow } from "./read-workflow.ts";

const substitutions = { PlanNight: "plan", Lake: "lake", Database: "maru", WorkGroup: "group", Alarms: "topic" };

interface Query {
  readonly QueryString: string;
}

interface Handlers {
  readonly Query?: (query: Query) => unknown;
  readonly Store?: () => unknown;
  readonly Alarm?: () => unknown;
}

function planned(name: string) {
  return { name, query: `select '${name}'`, resultKey: `statistics/${name}/year=2026/month=11/day=24/result.csv` };
}

/** Runs the workflow with a plan of these statistics, and records what its tasks are asked. */
async function runNight(input: object, names: readonly string[], handlers: Handlers = {}) {
  const asked: { task: string; input: unknown }[] = [];
  const task = (name: string, answer: (input: never) => unknown) => async (given: unknown) => {
    asked.push({ task: name, input: given });
    return answer(given as never);
  };
  let executions = 0;
  const execution = () => ({ QueryExecution: { QueryExecutionId: `execution-${++executions}` } });
  const definition = readWorkflow(substitutions) as unknown as ConstructorParameters<typeof StateMachine>[0];
  const overrides = {
    taskResourceLocalHandlers: {
      Plan: task("Plan", () => ({ Payload: { day: "2026-11-24", statistics: names.map(planned) } })),
      Query: task("Query", (query: Query) => handlers.Query?.(query) ?? execution()),
      Store: task("Store", () => handlers.Store?.() ?? {}),
      Alarm: task("Alarm", () => handlers.Alarm?.() ?? {}),
    },
    waitTimeOverrides: { LetTheLastArrive: 1 },
    retryIntervalOverrides: { Plan: 1, Query: 1, Store: 1, Alarm: 1 },
  };
  const run = new StateMachine(definition, { validationOptions: { checkArn: false } }).run(
    input as Parameters<StateMachine["run"]>[0],
    { overrides: overrides as never },
  );
  const states: string[] = [];
  const logged = (async () => {
    for await (const event of run.eventLogs) if (event.type === "StateEntered") states.push(event.state.name);
  })();
  const ended = await run.result.then(
    (output) => ({ output, error: undefined }),
    (error: Error) => ({ output: undefined, error }),
  );
  await logged;
  const askedOf = (name: string) => asked.filter((one) => one.task === name).map((one) => one.input);
  return { ...ended, askedOf, states };
}

function fail(name: string, message: string): never {
  throw Object.assign(new Error(message), { name });
}

test("each statistic is asked of Athena and its result stored at the key of its day", async () => {
  const { output, askedOf } = await runNight({ day: "2026-11-24", lateDays: 2 }, ["messages", "rooms"]);
  expect(askedOf("Plan")).toEqual([{ FunctionName: "plan", Payload: { day: "2026-11-24", lateDays: 2 } }]);
  expect(askedOf("Query")).toContainEqual({
    QueryString: "select 'messages'",
    QueryExecutionContext: { Database: "maru" },
    WorkGroup: "group",
    ResultConfiguration: { OutputLocation: "s3://lake/results/" },
  });
  expect(askedOf("Store")).toHaveLength(2);
  expect(askedOf("Store")).toContainEqual({
    Bucket: "lake",
    Key: "statistics/messages/year=2026/month=11/day=24/result.csv",
    CopySource: "lake/results/execution-1.csv",
  });
  expect(askedOf("Alarm")).toEqual([]);
  expect(output).toMatchObject({ day: "2026-11-24", failed: false, outcomes: [{ outcome: "stored" }, {}] });
});

test("the schedule's input waits for what is on its way, a day that is done again does not", async () => {
  const scheduled = await runNight({ time: "2026-11-24T15:00:00Z" }, ["messages"]);
  expect(scheduled.states).toContain("LetTheLastArrive");
  expect(scheduled.askedOf("Plan")).toEqual([{ FunctionName: "plan", Payload: { time: "2026-11-24T15:00:00Z" } }]);
  const again = await runNight({ day: "2026-11-20" }, ["messages"]);
  expect(again.states).not.toContain("LetTheLastArrive");
});

test("a statistic that fails for good sends one alarm, the others are stored, and then the run fails", async () => {
  const { error, askedOf } = await runNight({ day: "2026-11-24" }, ["messages", "broken", "rooms"], {
    Query: ({ QueryString }) =>
      QueryString.includes("broken") ? fail("States.TaskFailed", "SYNTAX_ERROR: {line} 'x'") : undefined,
  });
  expect(error).toMatchObject({ cause: { name: "StatisticsFailed" } });
  expect(askedOf("Query")).toHaveLength(2 + 3);
  expect(askedOf("Store").map((store) => (store as { Key: string }).Key)).toEqual([
    planned("messages").resultKey,
    planned("rooms").resultKey,
  ]);
  expect(askedOf("Alarm")).toEqual([
    {
      TopicArn: "topic",
      Subject: "A statistic of the lake failed",
      Message: `broken is not at ${planned("broken").resultKey}: States.TaskFailed: SYNTAX_ERROR: {line} 'x'`,
    },
  ]);
});

test("Athena that is busy is asked again, and nobody hears of it", async () => {
  let refusals = 5;
  const { output, askedOf } = await runNight({ day: "2026-11-24" }, ["messages"], {
    Query: () => (refusals-- > 0 ? fail("Athena.TooManyRequestsException", "too many") : undefined),
  });
  expect(askedOf("Query")).toHaveLength(6);
  expect(askedOf("Alarm")).toEqual([]);
  expect(output).toMatchObject({ failed: false });
});

test("a result that cannot be stored fails the run too, though the query went well", async () => {
  const { error, askedOf } = await runNight({ day: "2026-11-24" }, ["messages"], {
    Store: () => fail("S3.AccessDenied", "no"),
  });
  expect(error).toMatchObject({ cause: { name: "StatisticsFailed" } });
  expect(askedOf("Query")).toHaveLength(1);
  expect(askedOf("Alarm")).toHaveLength(1);
});

test("when the alarm cannot be sent either, the other statistics are stored and the run fails", async () => {
  const { error, askedOf } = await runNight({ day: "2026-11-24" }, ["broken", "rooms"], {
    Query: ({ QueryString }) => (QueryString.includes("broken") ? fail("States.TaskFailed", "no") : undefined),
    Alarm: () => fail("SNS.AuthorizationError", "no"),
  });
  expect(error).toMatchObject({ cause: { name: "StatisticsFailed" } });
  expect(askedOf("Store")).toHaveLength(1);
});

test("a substitution that is not given is named", () => {
  const { Alarms: _, ...others } = substitutions;
  expect(() => readWorkflow(others)).toThrow(/\$\{Alarms\}/);
});
