/** A reference in the template as one readable word: the name of what it means, and what stands behind it. */
export function renderReference(value: unknown): string {
  if (typeof value === "string") return value;
  const reference = value as { Ref?: string; "Fn::GetAtt"?: [string, string]; "Fn::Sub"?: string };
  if (typeof reference?.Ref === "string") return reference.Ref;
  const attribute = reference?.["Fn::GetAtt"];
  if (Array.isArray(attribute)) return renderAttribute(attribute.join("."));
  if (typeof reference?.["Fn::Sub"] === "string") return renderSub(reference["Fn::Sub"]);
  return JSON.stringify(value);
}

function renderSub(text: string): string {
  return text
    .replace(/^arn:\$\{AWS::Partition\}:(\w+):\$\{AWS::Region\}:\$\{AWS::AccountId\}:/, "$1 ")
    .replace(/\$\{(\w[\w.]*)\}/g, (_, name: string) => renderAttribute(name));
}

function renderAttribute(name: string): string {
  return name.endsWith(".Arn") ? name.slice(0, -".Arn".length) : name;
}
