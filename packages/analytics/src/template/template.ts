/** A packaged CloudFormation template, as far as the checks read it. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** One resource; its properties are what its type says. */
export interface Resource {
  readonly Type: string;
  readonly Properties: unknown;
}

/** The template cannot be packaged, or is not one that the checks can read; the message says what to change. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** The properties of all resources of a type, by their names in the template. */
export function resourcesOf<Properties>(template: Template, type: string): (readonly [string, Properties])[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([name, resource]) => [name, resource.Properties as Properties]);
}

/** The properties of the only resource of a type. */
export function onlyResource<Properties>(template: Template, type: string): Properties {
  const [first, ...others] = resourcesOf<Properties>(template, type);
  if (first === undefined || others.length > 0)
    throw new TemplateError(`the template must have exactly one ${type}; it has ${first ? others.length + 1 : 0}`);
  return first[1];
}
