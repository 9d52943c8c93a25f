/** The only reader of the functions' environment. Throws with every name that is missing. */
export function readEnvironment<const Name extends string>(
  names: readonly Name[],
  env: NodeJS.ProcessEnv = process.env,
): Record<Name, string> {
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) throw new Error(`the function lacks variables: ${missing.join(", ")}`);
  return Object.fromEntries(names.map((name) => [name, env[name] ?? ""])) as Record<Name, string>;
}

/** Where the files lie that come with a function: in Lambda beside it, otherwise in this package. */
export function taskFolder(sourceFolder: string, env: NodeJS.ProcessEnv = process.env): string {
  return env.LAMBDA_TASK_ROOT ?? sourceFolder;
}
