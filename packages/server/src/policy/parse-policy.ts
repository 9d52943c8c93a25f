import type { RoomKinds } from "../domain/rooms/room-kind.ts";
import { parseGrant } from "./parse-grant.ts";
import { parseKind } from "./parse-kind.ts";
import type { Grant } from "./policy.ts";
import { YamlSource, type YamlValue } from "./yaml-source.ts";

/** What a policy file says. */
export interface PolicyDocument {
  /** Undefined when the file declares no kinds: then every kind is good. */
  readonly kinds: RoomKinds | undefined;
  readonly services: ReadonlyMap<string, Grant>;
  /** What services may do that are not named; undefined: nothing. */
  readonly others: Grant | undefined;
}

export type ParsedPolicy = { readonly policy: PolicyDocument } | { readonly problems: readonly string[] };

/**
 * Reads a policy file's text. `methods` are the full names of all calls that there are. All that is wrong is told, by
 * line, and then nothing of the file holds.
 */
export function parsePolicy(text: string, methods: readonly string[]): ParsedPolicy {
  const source = new YamlSource(text);
  if (source.problems.length === 0) {
    const policy = readPolicy(source, methods);
    if (source.problems.length === 0) return { policy };
  }
  const inOrder = source.problems.toSorted((a, b) => a.line - b.line);
  return { problems: inOrder.map(({ line, message }) => `line ${line}: ${message}`) };
}

function readPolicy(source: YamlSource, methods: readonly string[]): PolicyDocument {
  const { kinds, services, default: others } = source.fields(source.root, ["kinds", "services", "default"]);
  if (services === undefined && others === undefined) {
    source.complain(source.root, "the file must say what services may do: in services, or default");
  }
  const named = new Map(services === undefined ? [] : source.entries(services));
  for (const [name, value] of named) {
    if (name === "" || Buffer.byteLength(name) > 128) source.complain(value, "is not a name of a service");
  }
  const refusesOthers = others === undefined || source.scalar(others) === "refuse";
  const mayCall = (service: string) => !refusesOthers || named.has(service);
  const declared = kinds === undefined ? undefined : new Map(readKinds(source, kinds, mayCall));
  const isKind = declared === undefined ? undefined : (kind: string) => declared.has(kind);
  const toGrant = (value: YamlValue) => parseGrant(source, value, { methods, isKind });
  return {
    kinds: declared === undefined ? undefined : { find: (kind) => declared.get(kind) },
    services: new Map([...named].map(([name, value]) => [name, toGrant(value)])),
    others: refusesOthers ? undefined : toGrant(others),
  };
}

function* readKinds(source: YamlSource, kinds: YamlValue, mayCall: (service: string) => boolean) {
  for (const [name, value] of source.entries(kinds)) {
    if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name)) {
      source.complain(value, "is not a kind: 1 to 32 of a-z, 0-9, _ and -, beginning with a letter");
    }
    yield [name, parseKind(source, value, mayCall)] as const;
  }
}
