import { readFile } from "node:fs/promises";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import {
  type FieldRule,
  type Mapping,
  MappingError,
  type TableMapping,
  type TargetMapping,
  tableRules,
  targetDefaults,
} from "./mapping.ts";

type TableName = keyof typeof tableRules;

export async function readMapping(file: string): Promise<Mapping> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new MappingError([`${file}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`]);
  }
  return parseMapping(text, file);
}

/** Throws MappingError with all that is wrong at once. */
export function parseMapping(text: string, file: string): Mapping {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problems: string[] = [];
  const lineOf = (node: unknown) => lines.linePos((node as Node | null)?.range?.[0] ?? 0).line;
  const say = (node: unknown, what: string) => void problems.push(`${file}:${lineOf(node)}: ${what}`);
  for (const { message, pos } of document.errors) {
    problems.push(`${file}:${lines.linePos(pos[0]).line}: ${message.split("\n")[0]}`);
  }
  if (problems.length > 0) throw new MappingError(problems);
  const root = document.contents;
  if (!isMap(root)) throw new MappingError([`${file}:1: must have the parts rooms, participants and messages`]);

  const known = new Set([...Object.keys(tableRules), "target"]);
  for (const { key } of root.items) {
    if (!known.has(String(key))) say(key, `there is no part "${key}": ${[...known].join(", ")} are known`);
  }
  const tables = new Map<TableName, TableMapping | undefined>();
  for (const name of Object.keys(tableRules) as TableName[]) {
    const part = root.get(name, true);
    if (part === undefined && name !== "attachments") say(root, `the part "${name}" is missing`);
    if (part !== undefined && !isMap(part)) say(part, `"${name}" must say table and columns`);
    if (isMap(part)) tables.set(name, toTable(name, part, say, lineOf));
  }
  const target = toTarget(root.get("target", true), say);
  const [rooms, participants, messages] = (["rooms", "participants", "messages"] as const).map((name) =>
    tables.get(name),
  );
  if (problems.length > 0 || !rooms || !participants || !messages) throw new MappingError(problems);
  return { file, rooms, participants, messages, attachments: tables.get("attachments"), target };
}

type Say = (node: unknown, what: string) => void;

function toTable(name: TableName, part: YAMLMap, say: Say, lineOf: (node: unknown) => number): TableMapping {
  const rules: readonly FieldRule[] = tableRules[name];
  const columns = new Map<string, string>();
  const lineOfField = new Map<string, number>();
  let table = "";
  for (const { key, value } of part.items) {
    const field = String(key);
    const text = isScalar(value) && typeof value.value === "string" ? value.value : "";
    if (field !== "table" && !rules.some((rule) => rule.name === field)) {
      say(key, `${name} has no "${field}": ${rules.map((rule) => rule.name).join(", ")} can be mapped`);
    } else if (text === "") say(key, `${name}.${field} must be a name`);
    else if (field === "table") table = text;
    else columns.set(field, text);
    lineOfField.set(field, lineOf(key));
  }
  if (table === "") say(part, `${name} does not say its table`);
  for (const rule of rules) {
    if (rule.required && !columns.has(rule.name)) say(part, `${name} does not say which column is its ${rule.name}`);
  }
  const [first = "", second] = table.split(".");
  const at = second === undefined ? { schema: "public", table: first } : { schema: first, table: second };
  return { ...at, columns, line: (field) => lineOfField.get(field) ?? lineOf(part) };
}

function toTarget(part: unknown, say: Say): TargetMapping {
  if (part === undefined) return targetDefaults;
  if (!isMap(part)) {
    say(part, '"target" must be settings by name');
    return targetDefaults;
  }
  const target: Record<string, string | readonly string[]> = { ...targetDefaults };
  for (const { key, value } of part.items) {
    const name = String(key);
    const before = target[name];
    const list = isSeq(value) ? value.items.map((item) => (isScalar(item) ? item.value : undefined)) : undefined;
    const isText = isScalar(value) && typeof value.value === "string";
    if (before === undefined) say(key, `target has no "${name}": ${Object.keys(targetDefaults).join(", ")} can be set`);
    else if (typeof before === "string") {
      if (isText) target[name] = value.value as string;
      else say(key, `target.${name} must be a text`);
    } else if (list?.every((item) => typeof item === "string")) target[name] = list as string[];
    else say(key, `target.${name} must be a list of texts`);
  }
  return target as unknown as TargetMapping;
}
