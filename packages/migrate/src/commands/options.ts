import type { Mapping } from "../mapping/mapping.ts";
import { readMapping } from "../mapping/read-mapping.ts";
import { connectTarget, type Target } from "../target/connect-target.ts";

/** What was asked for cannot be done as it was said. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Options that every command knows. */
export const sharedOptions = {
  source: { type: "string" },
  mapping: { type: "string", default: "mapping.yaml" },
  name: { type: "string", default: "chat" },
  endpoint: { type: "string" },
  region: { type: "string", default: "us-east-1" },
  table: { type: "string", default: "maru" },
  "control-table": { type: "string", default: "maru_control" },
  out: { type: "string", default: "maru-migrate" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

export const sharedHelp = `  --source URL           postgres://user:password@host:5432/database; default: MARU_MIGRATE_SOURCE
  --mapping FILE         which tables and columns are what (default mapping.yaml)
  --name NAME            of this migration: lower-case letters, digits and _ (default chat)
  --table T              Maru's table (default maru)         --control-table T   (default maru_control)
  --region R             of DynamoDB (default us-east-1)     --endpoint URL      of a local one
  --out FOLDER           for what the command writes (default maru-migrate)
  --json                 one JSON object a line in place of text
`;

export interface SharedValues {
  readonly source?: string | undefined;
  readonly mapping: string;
  readonly name: string;
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly table: string;
  readonly "control-table": string;
  readonly out: string;
  readonly json: boolean;
}

/** What every command works with. */
export interface Workplace extends Disposable {
  readonly source: string;
  readonly mapping: Mapping;
  readonly target: Target;
  readonly migration: string;
  readonly folder: string;
  readonly json: boolean;
}

export async function openWorkplace(values: SharedValues): Promise<Workplace> {
  const source = values.source ?? process.env.MARU_MIGRATE_SOURCE;
  if (source === undefined || source === "") throw new UsageError("--source must say where PostgreSQL is");
  if (!/^[a-z0-9_]{1,40}$/.test(values.name)) {
    throw new UsageError(`--name must be lower-case letters, digits and _, at most 40, not "${values.name}"`);
  }
  const mapping = await readMapping(values.mapping);
  const { endpoint, region, table } = values;
  const isLocal = endpoint !== undefined && /\/\/(127\.0\.0\.1|localhost)[:/]?/.test(endpoint);
  const target = connectTarget({
    ...{ endpoint, region, table, controlTable: values["control-table"] },
    // A local engine asks for some credentials, and takes any.
    ...(isLocal &&
      !process.env.AWS_ACCESS_KEY_ID && { credentials: { accessKeyId: "local", secretAccessKey: "local" } }),
  });
  return {
    ...{ source, mapping, target, migration: values.name, folder: values.out, json: values.json },
    [Symbol.dispose]: () => target[Symbol.dispose](),
  };
}

export function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new UsageError(`--${option} must be a whole number from 1 on, not "${text}"`);
  }
  return value;
}

/** Aborts at Ctrl-C. What was begun is left so that the same command goes on with it. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => controller.abort(new InterruptedError()));
  return controller.signal;
}

export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  constructor() {
    super("stopped: the same command goes on from here");
  }
}
