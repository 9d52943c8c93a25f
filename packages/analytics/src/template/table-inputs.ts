import type { TableInput } from "../local/serve-glue.ts";

/** A template as CloudFormation gets it, as far as it is read here. */
export interface CloudFormationTemplate {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>
  >;
}

/** The tables of a packaged template, as Glue is given them, with what CloudFormation knows only when it deploys. */
export function tableInputs(
  { Resources }: CloudFormationTemplate,
  names: Readonly<Record<string, string>>,
): TableInput[] {
  return Object.values(Resources)
    .filter(({ Type }) => Type === "AWS::Glue::Table")
    .map(({ Properties }) => resolved(Properties.TableInput, names) as TableInput);
}

/** The value with its references filled in. Throws RangeError for a name that is not given. */
export function resolved(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((one) => resolved(one, names));
  if (!(value instanceof Object)) return value;
  const [[key = "", inner] = [], ...more] = Object.entries(value);
  if (more.length === 0 && key === "Fn::Sub") return substituted(String(inner), names);
  if (more.length === 0 && key === "Ref") return nameOf(String(inner), names);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolved(one, names)]));
}

/** `${!x}` stands for `${x}` itself. */
function substituted(text: string, names: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) =>
    literal ? `\${${name}}` : nameOf(name, names),
  );
}

function nameOf(name: string, names: Readonly<Record<string, string>>): string {
  const value = names[name];
  if (value === undefined) throw new RangeError(`the template refers to ${name}, which is given no value here`);
  return value;
}
