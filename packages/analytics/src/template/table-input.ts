import { resourcesOf, type Template, TemplateError } from "./template.ts";

/** What Glue is told of a table. */
export interface TableInput {
  readonly Name: string;
  readonly TableType: string;
  readonly PartitionKeys: readonly Column[];
  readonly Parameters: Readonly<Record<string, string>>;
  readonly StorageDescriptor: {
    readonly Location: string;
    readonly NumberOfBuckets: number;
    readonly InputFormat: string;
    readonly OutputFormat: string;
    readonly SerdeInfo: { readonly SerializationLibrary: string };
    readonly Columns: readonly Column[];
  };
}

/** A column with its type in Athena's words. */
export interface Column {
  readonly Name: string;
  readonly Type: string;
  readonly Comment?: string;
}

/**
 * The table's TableInput as it reaches Glue. `names` says what a resource is called once it is there.
 *
 *     tableInputOf(template, "events", { Lake: "my-bucket" })
 */
export function tableInputOf(template: Template, table: string, names: Readonly<Record<string, string>>): TableInput {
  const tables = resourcesOf<{ TableInput: { Name: string } }>(template, "AWS::Glue::Table");
  const found = tables.find(([, properties]) => properties.TableInput.Name === table);
  if (found === undefined) throw new TemplateError(`the template has no table ${table} in the catalog`);
  return substitute(found[1].TableInput, names) as TableInput;
}

function substitute(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item) => substitute(item, names));
  if (typeof value !== "object" || value === null) return value;
  if ("Fn::Sub" in value) return substituteText(String(value["Fn::Sub"]), names);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, names)]));
}

function substituteText(text: string, names: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(!?)([\w.]+)\}/g, (_, literal: string, name: string) => {
    // `${!name}` is how CloudFormation writes a `${name}` that stays.
    if (literal === "!") return `\${${name}}`;
    const given = names[name];
    if (given === undefined) throw new TemplateError(`the table names ${name}: say what it is called`);
    return given;
  });
}
