import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { waitUntil } from "../../devstack/src/wait-until.ts";
import { type Lambda, type LambdaOptions, startLambda } from "../src/local/lambda.ts";
import { LambdaError } from "../src/local/lambda-error.ts";
import { runtimeClient } from "./lake/runtime-client.ts";

interface Answer {
  readonly echo: string;
  readonly pid: number;
  readonly remainingMs: number;
}

function open(over: Partial<LambdaOptions> = {}) {
  const lambda: Lambda = startLambda({
    runtimeClient: runtimeClient(),
    taskRoot: join(import.meta.dirname, "lake/obedient-function"),
    handler: "index.handler",
    timeoutMs: 30_000,
    env: {},
    ...over,
  });
  onTestFinished(() => lambda[Symbol.asyncDispose]());
  return (event: object) => lambda.invoke(event) as Promise<Answer>;
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("calls are answered one after another by one process, each with its own answer and the time that it has", async () => {
  const invoke = open();
  const answers = await Promise.all(["a", "b", "c"].map((echo) => invoke({ echo: `${echo} – 한글 🎈` })));
  expect(answers.map(({ echo }) => echo)).toEqual(["a – 한글 🎈", "b – 한글 🎈", "c – 한글 🎈"]);
  expect(new Set(answers.map(({ pid }) => pid)).size).toBe(1);
  for (const { remainingMs } of answers) {
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(30_000);
  }
});

test("what the function throws arrives with its type and message, and its process goes on", async () => {
  const invoke = open();
  const { pid } = await invoke({});
  const error = await invoke({ doThis: "throw" }).catch((one: unknown) => one);
  expect(error).toBeInstanceOf(LambdaError);
  expect(error).toMatchObject({ type: "RangeError", message: "RangeError: told to" });
  expect((await invoke({})).pid).toBe(pid);
});

test("a function that takes longer than its time is killed, and the calls that waited begin anew", async () => {
  const invoke = open({ timeoutMs: 2_000 });
  const { pid } = await invoke({});
  const [late, next] = await Promise.allSettled([invoke({ doThis: "hang" }), invoke({ echo: "next" })]);
  expect(late).toMatchObject({ reason: { message: "Sandbox.Timedout: Task timed out after 2.00 seconds" } });
  expect(isRunning(pid)).toBe(false);
  expect(next).toMatchObject({ value: { echo: "next" } });
});

test("a function that ends in a call fails that call alone", async () => {
  const invoke = open();
  const [ended, next] = await Promise.allSettled([invoke({ doThis: "exit" }), invoke({ echo: "next" })]);
  expect(ended).toMatchObject({ reason: { message: "Runtime.ExitError: the runtime exited with status 4" } });
  expect(next).toMatchObject({ value: { echo: "next" } });
});

test("a process that dies while nobody calls it is replaced, and no call is lost", async () => {
  const invoke = open();
  const { pid } = await invoke({});
  process.kill(pid, "SIGKILL");
  await waitUntil(() => !isRunning(pid), { timeoutMs: 10_000, describe: () => `${pid} still runs` });
  const next = await invoke({ echo: "next" });
  expect(next).toMatchObject({ echo: "next" });
  expect(next.pid).not.toBe(pid);
});

test("a function that cannot start says why, each time", async () => {
  const invoke = open({ env: { AT_START: "throw" } });
  const calls = await Promise.allSettled([invoke({}), invoke({})]);
  for (const call of calls) expect(call).toMatchObject({ reason: { message: "RangeError: not with these settings" } });
  await expect(open({ env: { AT_START: "exit" } })({})).rejects.toThrow(
    "Runtime.ExitError: the runtime exited with status 3",
  );
  await expect(open({ handler: "absent.handler" })({})).rejects.toThrow(/^Runtime.ImportModuleError: .*absent/);
  await expect(open({ handler: "index.absent" })({})).rejects.toThrow("Runtime.HandlerNotFound: index.absent");
});

test("a function that never asks for work is killed", async () => {
  const invoke = open({ env: { AT_START: "hang" }, startTimeoutMs: 1_000 });
  await expect(invoke({})).rejects.toThrow("Sandbox.Timedout: it did not ask for work within 1.00 seconds");
});

test("a runtime client that is not there is an error that names it", async () => {
  await expect(open({ runtimeClient: ["/nowhere/node"] })({})).rejects.toThrow(
    "Runtime.InvalidEntrypoint: spawn /nowhere/node ENOENT",
  );
});
