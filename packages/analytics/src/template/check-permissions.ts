import { grantsOfRoles } from "./grants.ts";
import { callsOfParts } from "./part-calls.ts";
import type { Template } from "./template.ts";

/** Each part has a role of its own, which grants what the part calls and nothing more. */
export function checkPermissions(template: Template, codeActions: ReadonlyMap<string, readonly string[]>): string[] {
  const grants = grantsOfRoles(template);
  const parts = callsOfParts(template, codeActions);
  const problems: string[] = [];
  for (const [role, granted] of grants) {
    const users = parts.filter((part) => part.role === role);
    if (users.length !== 1)
      problems.push(
        `${role} must be the role of one part; it is of ${users.map(({ part }) => part).join(", ") || "none"}`,
      );
    const called = new Set(users.flatMap(({ calls }) => [...calls]));
    for (const call of called) if (!granted.has(call)) problems.push(`${role} does not grant ${call}`);
    for (const grant of granted) if (!called.has(grant)) problems.push(`${role} grants ${grant}, which nothing calls`);
    for (const grant of granted)
      if (/\*.* on |on \*$/.test(grant)) problems.push(`${role} grants ${grant}: name what it is`);
  }
  for (const { part, role } of parts)
    if (!grants.has(role)) problems.push(`${part} has the role ${role}, which the template does not make`);
  return problems;
}
