import { renderReference } from "./render-reference.ts";
import { resourcesOf, type Template } from "./template.ts";

interface RoleProperties {
  readonly Policies?: readonly { readonly PolicyDocument: { readonly Statement: readonly Statement[] } }[];
  readonly ManagedPolicyArns?: readonly unknown[];
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** What each role grants: `action on resource`, the resource by its name in the template. */
export function grantsOfRoles(template: Template): Map<string, Set<string>> {
  const roles = resourcesOf<RoleProperties>(template, "AWS::IAM::Role");
  return new Map(
    roles.map(([name, { Policies = [], ManagedPolicyArns = [] }]) => {
      const statements = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      const managed = ManagedPolicyArns.map((policy) => `all of ${renderReference(policy)}`);
      return [name, new Set([...statements.flatMap(grantsOf), ...managed])];
    }),
  );
}

function grantsOf({ Effect, Action, Resource }: Statement): string[] {
  if (Effect !== "Allow") return [];
  const resources = [Resource].flat().map(renderReference);
  return [Action].flat().flatMap((action) => resources.map((resource) => `${action} on ${resource}`));
}
