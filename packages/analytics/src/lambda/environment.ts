/**
 * The only reader of the functions' environment: names with what holds where a variable is not set, undefined where it has
 * to be. Throws with every name that is missing.
 */
export function readEnvironment<const Name extends string>(
  names: Readonly<Record<Name, string | undefined>>,
  env: NodeJS.ProcessEnv = process.env,
): Record<Name, string> {
  const values = Object.entries<string | undefined>(names).map(
    ([name, initial]) => [name, env[name] || initial] as const,
  );
  const missing = values.filter(([, value]) => value === undefined).map(([name]) => name);
  if (missing.length > 0) throw new Error(`the function lacks variables: ${missing.join(", ")}`);
  return Object.fromEntries(values) as Record<Name, string>;
}

/** Where the files lie that come with a function: in Lambda beside it, otherwise in this package. */
export function taskFolder(sourceFolder: string, env: NodeJS.ProcessEnv = process.env): string {
  return env.LAMBDA_TASK_ROOT ?? sourceFolder;
}
