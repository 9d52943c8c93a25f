import { spawn } from "node:child_process";
import { join } from "node:path";
import { EngineFetchError, MissingToolError } from "../errors.ts";

/** Runs a program to its end and returns what it printed on both streams; `undefined` if there is no such program. */
export async function runTool(
  command: string,
  args: string[],
  options: { env: NodeJS.ProcessEnv; cwd?: string },
): Promise<{ code: number | null; output: string } | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" ? resolve(undefined) : reject(error),
    );
    child.once("close", (code) => resolve({ code, output }));
  });
}

/** The same, for steps that have to succeed. */
export async function requireTool(
  command: string,
  args: string[],
  options: { env: NodeJS.ProcessEnv; cwd?: string; missing: string; purpose: string },
): Promise<string> {
  const { env, cwd } = options;
  const result = await runTool(command, args, cwd === undefined ? { env } : { env, cwd });
  if (result === undefined) throw new MissingToolError(options.missing);
  if (result.code === 0) return result.output;
  const tail = result.output.trimEnd().split("\n").slice(-20).join("\n");
  throw new EngineFetchError(`${options.purpose} failed (${command} ended with code ${result.code}):\n${tail}`);
}

/** The path of a JDK program: in JAVA_HOME if that is set, otherwise wherever PATH leads. */
export function jdkTool(env: NodeJS.ProcessEnv, name: "java" | "javac" | "jar"): string {
  return env.JAVA_HOME ? join(env.JAVA_HOME, "bin", name) : name;
}

export const JDK_MISSING =
  "A JDK of version 17 or newer is needed to run DynamoDB Local, Kafka and Trino: install one (Debian and Ubuntu: " +
  "`apt install openjdk-17-jdk-headless`, macOS: `brew install openjdk@17`) and have `java` on the PATH or JAVA_HOME set.";

export const MAVEN_MISSING =
  "Maven is needed once, to fetch the engines: install it (Debian and Ubuntu: `apt install maven`, macOS: " +
  "`brew install maven`) and have `mvn` on the PATH.";

export const GO_MISSING =
  "Go 1.25 or newer is needed once, to build the object store: install it (https://go.dev/dl, macOS: `brew install go`) and " +
  "have `go` on the PATH.";

/** Throws MissingToolError unless a Go that can build the engines runs. */
export async function requireGo(env: NodeJS.ProcessEnv): Promise<void> {
  const result = await runTool("go", ["env", "GOVERSION"], { env });
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(result?.output ?? "") ?? [];
  if (result?.code === 0 && (Number(major) > 1 || Number(minor) >= 25)) return;
  throw new MissingToolError(major === undefined ? GO_MISSING : `${GO_MISSING} (Found: Go ${major}.${minor}.)`);
}

export interface JavaRuntime {
  command: string;
  /** What `java -version` prints: vendor and build too. */
  version: string;
}

/** Throws MissingToolError unless a Java 17 or newer runs (macOS has a `java` that only says that there is none). */
export async function requireJava(env: NodeJS.ProcessEnv): Promise<JavaRuntime> {
  const java = jdkTool(env, "java");
  const result = await runTool(java, ["-version"], { env });
  const version = Number(/version "(\d+)/.exec(result?.output ?? "")?.[1]);
  if (result?.code !== 0 || !(version >= 17)) {
    throw new MissingToolError(Number.isNaN(version) ? JDK_MISSING : `${JDK_MISSING} (Found: Java ${version}.)`);
  }
  return { command: java, version: result.output.replace(/^Picked up .*\n/gm, "") };
}
