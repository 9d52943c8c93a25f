import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startLambda } from "./lambda.ts";
import type { PipelineFunction } from "./pipeline.ts";

export interface PackagedFlatten {
  /** A fresh folder that becomes the function's task root. */
  readonly taskRoot: string;
  readonly runtimeClient: readonly [command: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput?: (text: string) => void;
}

const packageFolder = join(import.meta.dirname, "../..");

/** The bundled function and its policy file, laid out as in its zip and run by AWS's runtime client. */
export async function openPackagedFlatten({ taskRoot, ...options }: PackagedFlatten): Promise<PipelineFunction> {
  await mkdir(join(taskRoot, "dist/flatten"), { recursive: true });
  for (const file of ["dist/flatten/index.mjs", "personal-data.yaml"])
    await copyFile(join(packageFolder, file), join(taskRoot, file));
  const lambda = await startLambda({ ...options, taskRoot, handler: "dist/flatten/index.handler", timeoutMs: 60_000 });
  return {
    invoke: (event) => lambda.invoke(event) as ReturnType<PipelineFunction["invoke"]>,
    [Symbol.asyncDispose]: () => lambda[Symbol.asyncDispose](),
  };
}
